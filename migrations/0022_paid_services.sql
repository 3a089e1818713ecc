-- A turn also pays services that are no chat models: pictures are charged by the tokens of the picture, a sandbox by the
-- second. Both columns accept NULL, because an older instance that runs beside a newer one writes neither.
ALTER TABLE model_calls
    ADD COLUMN image_output BIGINT CHECK (image_output >= 0),
    ADD COLUMN seconds NUMERIC(12, 3) CHECK (seconds >= 0);
