# Даты.
months = янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек.
date = { $day } { $month }
date-of-year = { $day } { $month } { $year }
