-- Documents that the model does not read itself are read here: the beginning as text for prompts, or why there is none.
-- The whole column goes with the message. Both are NULL for files that are not read here, and for those that came before.
ALTER TABLE files
    ADD COLUMN preview TEXT CHECK (preview <> '' AND char_length(preview) <= 16000),
    ADD COLUMN preview_fault TEXT
        CHECK (preview_fault IN ('empty', 'encrypted', 'broken', 'too_large', 'unsupported')),
    ADD CHECK (preview IS NULL OR preview_fault IS NULL);
