-- Money moves twice with every answer and is not cached: an update that sets none of these need not compare them.
DROP TRIGGER count_change ON users;
CREATE TRIGGER count_change
    BEFORE UPDATE OF first_name, last_name, username, language_code, is_bot, is_premium, model_id, blocked_at ON users
    FOR EACH ROW
    WHEN ((OLD.first_name, OLD.last_name, OLD.username, OLD.language_code, OLD.is_bot, OLD.is_premium, OLD.model_id,
           OLD.blocked_at)
        IS DISTINCT FROM
        (NEW.first_name, NEW.last_name, NEW.username, NEW.language_code, NEW.is_bot, NEW.is_premium, NEW.model_id,
         NEW.blocked_at))
    EXECUTE FUNCTION count_change();
