-- Ann's question that was cut (turn 9) was in flight, alone, when the service crashed; so was Bob's command.
UPDATE turns SET in_flight = TRUE, alone = TRUE, crashes = 1, crashes_alone = 1 WHERE question_id = 941;
UPDATE turns SET in_flight = FALSE WHERE state <> 'open';
UPDATE inbox SET in_flight = handled_at IS NULL, crashes = 1 WHERE update_id = 900000003;
