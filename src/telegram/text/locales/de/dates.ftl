# Datumsangaben.
months = Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.
date = { $day }. { $month }
date-of-year = { $day }. { $month } { $year }
