-- The language that a person chose, the campaign that brought them, and whose buttons a message carries.
ALTER TABLE users
    -- Two-letter code; NULL: as in the person's app.
    ADD COLUMN language TEXT CHECK (language ~ '^[a-z]{2}$'),
    -- The word in the first link with one by which the person opened the bot.
    ADD COLUMN campaign TEXT CHECK (campaign ~ '^[A-Za-z0-9_-]{1,64}$');

-- The language is cached with the person. Beside count_change, which does the same for other columns: both set the
-- same number.
CREATE TRIGGER count_language BEFORE UPDATE OF language ON users FOR EACH ROW
    WHEN (OLD.language IS DISTINCT FROM NEW.language) EXECUTE FUNCTION count_change();

-- The person for whom the message is; NULL if it is for nobody in particular.
ALTER TABLE outbox ADD COLUMN owner_id BIGINT;
