# Dates.
months = Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec
date = { $day } { $month }
date-of-year = { $day } { $month } { $year }
