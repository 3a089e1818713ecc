-- Audits the books: returns one row per rule, with the number of rows that break it and one of them as an
-- example. A single statement, so that all rules check the same snapshot.
WITH newest AS (
    SELECT DISTINCT ON (user_id) user_id, seq, balance_after FROM balance_operations ORDER BY user_id, seq DESC
), sums AS (
    SELECT user_id, count(*) AS operations, sum(amount) AS amount FROM balance_operations GROUP BY user_id
), chain AS (
    SELECT user_id, seq, kind, balance_before,
           lag(balance_after, 1, 0) OVER (PARTITION BY user_id ORDER BY seq) AS left_before
    FROM balance_operations
), holds AS (
    SELECT coalesce(payer_id, asker_id, user_id) AS user_id, held AS amount
    FROM turns JOIN threads ON threads.id = thread_id WHERE state = 'open'
    UNION ALL
    SELECT user_id, held FROM transcriptions WHERE state = 'pending'
    UNION ALL
    SELECT user_id, held FROM topic_names WHERE held > 0
    UNION ALL
    SELECT user_id, credit FROM payments WHERE state = 'refunding'
), held AS (
    SELECT user_id, sum(amount) AS amount FROM holds GROUP BY user_id
), costs AS (
    SELECT turn_id, sum(cost) FILTER (WHERE payer = 'user') AS cost, count(*) FILTER (WHERE payer IS NULL) AS undecided
    FROM model_calls GROUP BY turn_id
), charges AS (
    SELECT turn_id, -sum(amount) AS amount FROM balance_operations WHERE turn_id IS NOT NULL GROUP BY turn_id
), problems AS (
    SELECT 1 AS rule, 'a balance is not the sum of its operations' AS text, users.id::text AS example
    FROM users LEFT JOIN sums ON sums.user_id = users.id WHERE balance <> coalesce(sums.amount, 0)
    UNION ALL
    SELECT 2, 'a balance is not what the newest operation left', users.id::text
    FROM users LEFT JOIN newest ON newest.user_id = users.id
    WHERE (last_operation, balance) IS DISTINCT FROM (newest.seq, coalesce(newest.balance_after, 0))
    UNION ALL
    SELECT 3, 'an operation does not begin where the one before it ended', user_id || ' number ' || seq
    FROM chain WHERE balance_before <> left_before
    UNION ALL
    SELECT 4, 'operations are not numbered without a gap', newest.user_id::text
    FROM newest JOIN sums USING (user_id) WHERE newest.seq <> sums.operations
    UNION ALL
    SELECT 5, 'the first operation is not the starter grant', user_id::text
    FROM chain WHERE (seq = 1) <> (kind = 'starter')
    UNION ALL
    SELECT 6, 'what a user has reserved is not the sum of the open holds', users.id::text
    FROM users LEFT JOIN held ON held.user_id = users.id WHERE held <> coalesce(held.amount, 0)
    UNION ALL
    SELECT 7, 'a payment was not credited exactly once', payments.charge_id
    FROM payments LEFT JOIN balance_operations ON payment_id = payments.id AND kind = 'payment'
    WHERE credit <> coalesce(amount, 0) OR (amount IS NOT NULL AND balance_operations.user_id <> payments.user_id)
    UNION ALL
    SELECT 8, 'a refund was not booked exactly once', payments.charge_id
    FROM payments LEFT JOIN balance_operations ON payment_id = payments.id AND kind = 'refund'
    WHERE coalesce(-amount, 0) <> CASE payments.state WHEN 'refunded' THEN credit ELSE 0 END
    UNION ALL
    SELECT 9, 'a payment brought something else than its invoice promised', payments.charge_id
    FROM payments JOIN invoices ON invoices.id = invoice_id
    WHERE payments.credit <> invoices.credit OR payments.stars <> invoices.stars
    UNION ALL
    SELECT 10, 'an invoice promises something else than the formula', invoices.id::text
    FROM invoices WHERE credit <> stars * 0.013 * (0.5 - margin)
    UNION ALL
    SELECT 11, 'a closed turn was not charged exactly what its calls cost', turns.id::text
    FROM turns LEFT JOIN costs ON costs.turn_id = turns.id LEFT JOIN charges ON charges.turn_id = turns.id
    WHERE coalesce(charges.amount, 0) <> CASE turns.state WHEN 'open' THEN 0 ELSE coalesce(costs.cost, 0) END
    UNION ALL
    SELECT 12, 'a closed turn has calls that nobody pays', turns.id::text
    FROM turns JOIN costs ON costs.turn_id = turns.id WHERE turns.state <> 'open' AND undecided > 0
    UNION ALL
    SELECT 13, 'a turn was charged to somebody else', balance_operations.turn_id::text
    FROM balance_operations JOIN turns ON turns.id = balance_operations.turn_id
      JOIN threads ON threads.id = turns.thread_id
    -- The name of a topic is paid by the person who asked, also where a sponsor pays the answer.
    WHERE balance_operations.user_id <> coalesce(
      CASE WHEN kind <> 'topic_name' THEN turns.payer_id END, turns.asker_id, threads.user_id)
    UNION ALL
    SELECT 14, 'the cost of a call is not its usage at its prices', turn_id || ' call ' || attempt || '.' || call
    FROM model_calls
    WHERE prices <> '{}' AND cost <> round(
        -- What a row has no price for costs nothing: a model has no price of a second, a service none of tokens.
        (input * coalesce((prices -> 'tokens' ->> 'input')::numeric, 0)
         + cache_write_5m * coalesce((prices -> 'tokens' ->> 'cache_write_5m')::numeric, 0)
         + cache_write_1h * coalesce((prices -> 'tokens' ->> 'cache_write_1h')::numeric, 0)
         + cache_read * coalesce((prices -> 'tokens' ->> 'cache_read')::numeric, 0)
         + output * coalesce((prices -> 'tokens' ->> 'output')::numeric, 0)
         + coalesce(image_output, 0)
           * coalesce((prices -> 'tokens' ->> 'image_output')::numeric, (prices -> 'tokens' ->> 'output')::numeric, 0)
        ) / 1000000
        + web_searches * coalesce((prices ->> 'web_search')::numeric, 0)
        + coalesce(seconds, 0) * coalesce((prices ->> 'second')::numeric, 0), 9)
    UNION ALL
    SELECT 15, 'a charge was given back that was not taken, or for an answer that was shown', returned.turn_id::text
    FROM balance_operations AS returned LEFT JOIN balance_operations AS taken
      ON taken.turn_id = returned.turn_id AND taken.kind = 'usage' AND taken.user_id = returned.user_id
    WHERE returned.kind = 'return'
      AND (taken.amount IS DISTINCT FROM -returned.amount
           OR EXISTS (SELECT 1 FROM outbox WHERE outbox.turn_id = returned.turn_id AND outbox.state = 'sent'))
    UNION ALL
    SELECT 16, 'a transcription was not charged exactly what it cost', coalesce(heard.key, taken.key)
    FROM (SELECT 'transcription:' || key AS key, user_id, cost FROM transcriptions) AS heard
      FULL JOIN (SELECT key, user_id, amount FROM balance_operations WHERE kind = 'transcription') AS taken
      ON taken.key = heard.key
    WHERE coalesce(heard.cost, 0) <> coalesce(-taken.amount, 0) OR taken.user_id <> heard.user_id
    UNION ALL
    SELECT 17, 'the cost of a transcription is not its duration at its price', key
    FROM transcriptions
    WHERE cost <> CASE prices WHEN '{}' THEN 0 ELSE round(seconds * (prices ->> 'transcription')::numeric, 9) END
)
SELECT text AS "rule!", count(*) AS "count!", min(example) AS "example!"
FROM problems GROUP BY rule, text ORDER BY rule
