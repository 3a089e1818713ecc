-- The books: what every user has, why, and what it is reserved for. Amounts are US dollars with nine fraction digits.
-- Three foreign keys prove the chain: an operation begins where the one before it ended, and a user has what the last
-- operation left. So a balance is the sum of its operations at every commit, or there is no commit.

ALTER TABLE users
    ADD COLUMN balance        NUMERIC(20, 9) NOT NULL DEFAULT 0,
    -- The sum of the open holds.
    ADD COLUMN held           NUMERIC(20, 9) NOT NULL DEFAULT 0 CHECK (held >= 0),
    -- The number of the newest operation; NULL before the starter grant.
    ADD COLUMN last_operation BIGINT,
    -- Set by the operator: nothing is answered and nothing is sold any more.
    ADD COLUMN banned_at      TIMESTAMPTZ,
    ADD CHECK (last_operation IS NOT NULL OR balance = 0);

ALTER TABLE turns
    -- Whether Telegram was asked to send the message that shows the unfinished answer.
    ADD COLUMN live_begun BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether the newest attempt ended by an orderly stop before it had shown anything.
    ADD COLUMN postponed BOOLEAN NOT NULL DEFAULT FALSE,
    -- How many attempts were lost by a crash.
    ADD COLUMN lost      INTEGER NOT NULL DEFAULT 0 CHECK (lost BETWEEN 0 AND attempt);

-- What a call cost, by which prices (US dollars per million tokens or per search), and who pays: the user, or the owner
-- where the fault was ours. Not decided while the turn is open.
ALTER TABLE model_calls
    ADD COLUMN cost   NUMERIC(20, 9) NOT NULL DEFAULT 0 CHECK (cost >= 0),
    ADD COLUMN prices JSONB NOT NULL DEFAULT '{}',
    ADD COLUMN payer  TEXT CHECK (payer IN ('user', 'owner'));
UPDATE model_calls SET payer = 'owner';

-- What the operator has set in the chat; the newest row of a name counts, the others are its history.
CREATE TABLE settings (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    changed_by BIGINT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX settings_newest ON settings (name, id DESC);

-- What was offered: to whom, for how many Stars, what is credited for them. Payments are compared with it.
CREATE TABLE invoices (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Random; it comes back with the payment.
    payload    TEXT NOT NULL UNIQUE CHECK (length(payload) BETWEEN 1 AND 128),
    user_id    BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    chat_id    BIGINT NOT NULL,
    topic_id   INTEGER,
    stars      INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 2500),
    credit     NUMERIC(20, 9) NOT NULL CHECK (credit > 0),
    -- The owner's margin (k3) that the credit was computed with.
    margin     NUMERIC(5, 4) NOT NULL CHECK (margin >= 0),
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL CHECK (expires_at > created_at)
);
CREATE INDEX invoices_user ON invoices (user_id, id);

-- Stars that came in. One row a charge id, whatever else happens.
CREATE TABLE payments (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    charge_id   TEXT NOT NULL UNIQUE,
    user_id     BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    -- NULL if it belongs to no invoice of ours.
    invoice_id  BIGINT REFERENCES invoices ON DELETE RESTRICT,
    chat_id     BIGINT NOT NULL,
    topic_id    INTEGER,
    stars       INTEGER NOT NULL CHECK (stars > 0),
    -- What was credited; 0 only for a payment that we heard of after it had been given back.
    credit      NUMERIC(20, 9) NOT NULL CHECK (credit >= 0),
    -- How we heard of it: by its message, or by comparing with Telegram's list.
    source      TEXT NOT NULL CHECK (source IN ('message', 'list')),
    state       TEXT NOT NULL DEFAULT 'credited' CHECK (state IN ('credited', 'refunding', 'refunded')),
    paid_at     TIMESTAMPTZ NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- The refund that was asked for: when, in which language the person is told, and how often Telegram was asked.
    asked_at    TIMESTAMPTZ,
    asked_in    TEXT,
    tries       INTEGER NOT NULL DEFAULT 0,
    next_try_at TIMESTAMPTZ,
    refunded_at TIMESTAMPTZ,
    CHECK (credit > 0 OR state = 'refunded'),
    CHECK (state <> 'refunding' OR (asked_at IS NOT NULL AND next_try_at IS NOT NULL)),
    CHECK ((state = 'refunded') = (refunded_at IS NOT NULL))
);
CREATE INDEX payments_user ON payments (user_id, id);
CREATE INDEX payments_refunding ON payments (next_try_at) WHERE state = 'refunding';

CREATE TABLE balance_operations (
    user_id        BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    -- 1, 2, 3 ... for each user.
    seq            BIGINT NOT NULL CHECK (seq > 0),
    kind           TEXT NOT NULL CHECK (kind IN ('starter', 'usage', 'payment', 'refund', 'adjustment')),
    -- Below zero: taken from the user.
    amount         NUMERIC(20, 9) NOT NULL,
    balance_before NUMERIC(20, 9) NOT NULL,
    balance_after  NUMERIC(20, 9) NOT NULL CHECK (balance_after = balance_before + amount),
    -- What makes it unique: the same event cannot be booked twice.
    key            TEXT NOT NULL UNIQUE,
    turn_id        BIGINT REFERENCES turns ON DELETE RESTRICT,
    payment_id     BIGINT REFERENCES payments ON DELETE RESTRICT,
    -- The administrator who made an adjustment.
    actor_id       BIGINT,
    -- What it was for: a model's name, a number of Stars.
    subject        TEXT NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL DEFAULT now(),
    previous       BIGINT GENERATED ALWAYS AS (nullif(seq - 1, 0)) STORED,
    PRIMARY KEY (user_id, seq),
    UNIQUE (user_id, seq, balance_after),
    FOREIGN KEY (user_id, previous, balance_before)
        REFERENCES balance_operations (user_id, seq, balance_after) ON DELETE RESTRICT,
    CHECK (seq > 1 OR balance_before = 0),
    CHECK ((kind = 'starter') = (seq = 1)),
    CHECK ((kind = 'usage') = (turn_id IS NOT NULL)),
    CHECK ((kind IN ('payment', 'refund')) = (payment_id IS NOT NULL)),
    CHECK ((kind = 'adjustment') = (actor_id IS NOT NULL)),
    CHECK (CASE kind WHEN 'starter' THEN amount >= 0 WHEN 'payment' THEN amount > 0
                     WHEN 'adjustment' THEN amount <> 0 ELSE amount < 0 END)
);
CREATE UNIQUE INDEX operations_one_charge ON balance_operations (turn_id) WHERE turn_id IS NOT NULL;
CREATE UNIQUE INDEX operations_payment_once ON balance_operations (payment_id, kind) WHERE payment_id IS NOT NULL;

ALTER TABLE users ADD FOREIGN KEY (id, last_operation, balance)
    REFERENCES balance_operations (user_id, seq, balance_after) DEFERRABLE INITIALLY DEFERRED;

-- Money that is reserved: for a turn that runs, or for a refund that Telegram has not answered yet.
CREATE TABLE balance_holds (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    turn_id    BIGINT UNIQUE REFERENCES turns ON DELETE RESTRICT,
    payment_id BIGINT REFERENCES payments ON DELETE RESTRICT,
    amount     NUMERIC(20, 9) NOT NULL CHECK (amount >= 0),
    -- Settled: something was booked in its stead. Released: nothing was.
    state      TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settled', 'released')),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    closed_at  TIMESTAMPTZ,
    CHECK ((turn_id IS NULL) <> (payment_id IS NULL)),
    CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE INDEX holds_open ON balance_holds (user_id) WHERE state = 'open';
CREATE UNIQUE INDEX holds_one_refund ON balance_holds (payment_id) WHERE state = 'open' AND payment_id IS NOT NULL;

-- A question that waits for a text, such as an amount. Everything but a text passes through it.
CREATE TABLE dialogs (
    chat_id    BIGINT NOT NULL,
    user_id    BIGINT NOT NULL REFERENCES users ON DELETE RESTRICT,
    topic_id   INTEGER,
    kind       TEXT NOT NULL CHECK (kind IN ('custom_amount')),
    expires_at TIMESTAMPTZ NOT NULL,
    UNIQUE NULLS NOT DISTINCT (chat_id, user_id, topic_id)
);

-- Where the last comparison with Telegram's list of transactions ended.
CREATE TABLE reconciliations (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Transactions of the list that need not be read again.
    known       BIGINT NOT NULL CHECK (known >= 0),
    credited    BIGINT NOT NULL,
    refunded    BIGINT NOT NULL,
    finished_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Messages that are owed may be invoices and may carry buttons.
ALTER TABLE outbox
    ADD COLUMN keyboard   JSONB,
    ADD COLUMN invoice_id BIGINT REFERENCES invoices ON DELETE RESTRICT,
    -- A message of the chat that was there before this one; where to look for this one after a crash.
    ADD COLUMN after_id   INTEGER,
    -- Whether Telegram was asked to send it: until it has answered, nobody knows whether it did.
    ADD COLUMN begun      BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE inbox
    -- Which message an update brought, so that its number is not taken for one of ours.
    ADD COLUMN chat_id    BIGINT,
    ADD COLUMN message_id INTEGER,
    -- How often the sweep has taken it up, and whether that was given up.
    ADD COLUMN tries      INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN given_up   BOOLEAN NOT NULL DEFAULT FALSE;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON balance_operations
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON balance_operations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE ON settings FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON settings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
