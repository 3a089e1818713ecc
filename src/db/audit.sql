-- Audits the books: returns one row per rule, with the number of cases that break it and one of them as an
-- example. A single statement, so that all rules check the same snapshot.
--
-- $1 is the time since when to look: NULL for all books, else when the last audit began that found nothing.
-- Then the operations, closed turns, calls and transcriptions from an hour before that time on are checked, each
-- against everything that it belongs to, however old. Newest operations, holds, payments and invoices are always
-- checked in full. A transaction takes seconds, so an hour is more than any that the last audit did not see.
WITH recent AS (
    SELECT user_id, seq, kind, amount, balance_before, balance_after, key, turn_id, payment_id,
           created_at >= coalesce($1::timestamptz, '-infinity') - interval '1 hour' AS inside
    FROM balance_operations WHERE created_at >= coalesce($1::timestamptz, '-infinity') - interval '2 hours'
), firsts AS (
    -- Times begin transactions, numbers follow their commits: the first number inside decides, not the time.
    SELECT user_id, min(seq) FILTER (WHERE inside) AS seq FROM recent GROUP BY user_id
), ops AS MATERIALIZED (
    SELECT recent.user_id, recent.seq, kind, amount, balance_before, balance_after, key, turn_id, payment_id
    FROM recent JOIN firsts ON firsts.user_id = recent.user_id AND recent.seq >= firsts.seq
), spans AS (
    SELECT user_id, min(seq) AS first, max(seq) AS last, count(*) AS operations, sum(amount) AS amount
    FROM ops GROUP BY user_id
), heads AS MATERIALIZED (
    SELECT spans.*, former.balance_after AS left_before
    FROM spans LEFT JOIN LATERAL (
        SELECT balance_after FROM balance_operations AS former
        WHERE first > 1 AND former.user_id = spans.user_id AND former.seq = first - 1 LIMIT 1
    ) AS former ON TRUE
), chain AS (
    SELECT user_id, seq, kind, balance_before,
           lag(balance_after) OVER (PARTITION BY user_id ORDER BY seq) AS left_before
    FROM ops
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
), touched AS MATERIALIZED (
    SELECT id FROM turns WHERE closed_at >= coalesce($1::timestamptz, '-infinity') - interval '1 hour'
    UNION SELECT id FROM turns WHERE state = 'open'
    -- All books have been listed by the two above.
    UNION SELECT turn_id FROM ops WHERE turn_id IS NOT NULL AND $1::timestamptz IS NOT NULL
    UNION SELECT turn_id FROM model_calls WHERE created_at >= $1::timestamptz - interval '1 hour'
), costs AS MATERIALIZED (
    SELECT turn_id, sum(cost) FILTER (WHERE payer = 'user') AS cost, count(*) FILTER (WHERE payer IS NULL) AS undecided,
           min(attempt || '.' || call) FILTER (WHERE prices <> '{}' AND cost <> round(
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
        + coalesce(seconds, 0) * coalesce((prices ->> 'second')::numeric, 0), 9)) AS wrong
    FROM touched JOIN model_calls ON turn_id = touched.id GROUP BY turn_id
), charges AS (
    SELECT turn_id, -sum(amount) AS amount FROM touched JOIN balance_operations ON turn_id = touched.id GROUP BY turn_id
), heard AS (
    SELECT key, user_id, cost, seconds, prices FROM transcriptions
    WHERE settled_at >= coalesce($1::timestamptz, '-infinity') - interval '1 hour' OR state = 'pending'
), problems AS (
    SELECT 1 AS rule, 'a balance is not the sum of its operations' AS text, users.id::text AS example
    FROM heads JOIN users ON users.id = heads.user_id WHERE balance <> coalesce(left_before, 0) + amount
    UNION ALL
    SELECT 2, 'a balance is not what the newest operation left', users.id::text
    FROM users LEFT JOIN LATERAL (
        SELECT seq, balance_after FROM balance_operations WHERE user_id = users.id ORDER BY seq DESC LIMIT 1
    ) AS newest ON TRUE
    WHERE (last_operation, balance) IS DISTINCT FROM (newest.seq, coalesce(newest.balance_after, 0))
    UNION ALL
    SELECT 3, 'an operation does not begin where the one before it ended', user_id || ' number ' || chain.seq
    FROM chain JOIN heads USING (user_id)
    WHERE balance_before <> coalesce(chain.left_before, CASE chain.seq WHEN first THEN heads.left_before END, 0)
    UNION ALL
    SELECT 4, 'operations are not numbered without a gap', user_id::text
    FROM heads WHERE last - first + 1 <> operations OR (first > 1 AND left_before IS NULL)
    UNION ALL
    SELECT 5, 'the first operation is neither the starter grant nor an imported balance', user_id::text
    FROM ops WHERE CASE kind WHEN 'opening' THEN FALSE ELSE (seq = 1) <> (kind = 'starter') END
    UNION ALL
    SELECT 6, 'what a user has reserved is not the sum of the open holds', users.id::text
    FROM users LEFT JOIN held ON held.user_id = users.id WHERE held <> coalesce(held.amount, 0)
    UNION ALL
    SELECT 7, 'a payment was not credited exactly once', payments.charge_id
    FROM payments LEFT JOIN LATERAL (
        SELECT user_id, amount FROM balance_operations WHERE payment_id = payments.id AND kind = 'payment' LIMIT 1
    ) AS booked ON TRUE
    WHERE credit <> coalesce(amount, 0) OR (amount IS NOT NULL AND booked.user_id <> payments.user_id)
    UNION ALL
    SELECT 8, 'a refund was not booked exactly once', payments.charge_id
    FROM payments LEFT JOIN LATERAL (
        SELECT amount FROM balance_operations WHERE payment_id = payments.id AND kind = 'refund' LIMIT 1
    ) AS booked ON TRUE
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
    FROM touched JOIN turns ON turns.id = touched.id
      LEFT JOIN costs ON costs.turn_id = turns.id LEFT JOIN charges ON charges.turn_id = turns.id
    WHERE coalesce(charges.amount, 0) <> CASE turns.state WHEN 'open' THEN 0 ELSE coalesce(costs.cost, 0) END
    UNION ALL
    SELECT 12, 'a closed turn has calls that nobody pays', turns.id::text
    FROM turns JOIN costs ON costs.turn_id = turns.id WHERE turns.state <> 'open' AND undecided > 0
    UNION ALL
    SELECT 13, 'a turn was charged to somebody else', ops.turn_id::text
    FROM ops JOIN turns ON turns.id = ops.turn_id JOIN threads ON threads.id = turns.thread_id
    -- The name of a topic is paid by the person who asked, also where a sponsor pays the answer.
    WHERE ops.user_id <> coalesce(
      CASE WHEN ops.kind <> 'topic_name' THEN turns.payer_id END, turns.asker_id, threads.user_id)
    UNION ALL
    SELECT 14, 'the cost of a call is not its usage at its prices', turn_id || ' call ' || wrong
    FROM costs WHERE wrong IS NOT NULL
    UNION ALL
    SELECT 15, 'a charge was given back that was not taken, or for an answer that was shown', returned.turn_id::text
    FROM ops AS returned LEFT JOIN LATERAL (
        SELECT amount FROM balance_operations AS taken
        WHERE taken.turn_id = returned.turn_id AND taken.kind = 'usage' AND taken.user_id = returned.user_id LIMIT 1
    ) AS taken ON TRUE
    WHERE returned.kind = 'return'
      AND (taken.amount IS DISTINCT FROM -returned.amount
           OR EXISTS (SELECT 1 FROM outbox WHERE outbox.turn_id = returned.turn_id AND outbox.state = 'sent'))
    UNION ALL
    SELECT 16, 'a transcription was not charged exactly what it cost', heard.key
    FROM heard LEFT JOIN LATERAL (
        SELECT user_id, amount FROM balance_operations
        WHERE key = 'transcription:' || heard.key AND kind = 'transcription' LIMIT 1
    ) AS taken ON TRUE
    WHERE cost <> coalesce(-taken.amount, 0) OR taken.user_id <> heard.user_id
    UNION ALL
    SELECT 16, 'a transcription was not charged exactly what it cost', taken.key
    FROM ops AS taken
    WHERE taken.kind = 'transcription'
      AND NOT EXISTS (SELECT 1 FROM transcriptions WHERE transcriptions.key = substr(taken.key, 15)
                      AND transcriptions.user_id = taken.user_id AND transcriptions.cost = -taken.amount)
    UNION ALL
    SELECT 17, 'the cost of a transcription is not its duration at its price', key
    FROM heard
    WHERE cost <> CASE prices WHEN '{}' THEN 0 ELSE round(seconds * (prices ->> 'transcription')::numeric, 9) END
)
SELECT text AS "rule!", count(*) AS "count!", min(example) AS "example!"
FROM problems GROUP BY rule, text ORDER BY rule
