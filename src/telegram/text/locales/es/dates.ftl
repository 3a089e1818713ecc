# Fechas.
months = ene feb mar abr may jun jul ago sept oct nov dic
date = { $day } { $month }
date-of-year = { $day } { $month } { $year }
