-- What a person has chosen in /model, /settings and /personality.

ALTER TABLE users
    -- How much the model thinks; NULL: decided by the question.
    ADD COLUMN effort         TEXT CHECK (effort IN ('low', 'medium', 'high')),
    -- The cost of one request after which the person is asked whether to go on, US dollars; NULL: the operator's.
    ADD COLUMN turn_limit     NUMERIC(20, 9) CHECK (turn_limit > 0),
    -- Whether the cost of an answer stands below it.
    ADD COLUMN shows_cost     BOOLEAN NOT NULL DEFAULT FALSE,
    -- Whether the model's thinking is shown until the answer begins.
    ADD COLUMN shows_thinking BOOLEAN NOT NULL DEFAULT TRUE,
    -- How the model is to be with this person, in the person's words.
    ADD COLUMN personality    TEXT CHECK (char_length(personality) BETWEEN 10 AND 2000);

-- A trigger of its own: with the one of 0004 it counts a change once, because both set the same number.
CREATE TRIGGER count_preference BEFORE UPDATE ON users FOR EACH ROW
    WHEN ((OLD.effort, OLD.turn_limit, OLD.shows_cost, OLD.shows_thinking, OLD.personality)
        IS DISTINCT FROM (NEW.effort, NEW.turn_limit, NEW.shows_cost, NEW.shows_thinking, NEW.personality))
    EXECUTE FUNCTION count_change();

ALTER TABLE dialogs DROP CONSTRAINT dialogs_kind_check;
ALTER TABLE dialogs ADD CONSTRAINT dialogs_kind_check CHECK (kind IN ('custom_amount', 'personality'));
