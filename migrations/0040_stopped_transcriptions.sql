-- compatible: yes

-- A request for a transcript that was stopped is paid like one that was answered, by a row of its own, whose key is that
-- of the recording or file with ':stopped:' and the worker's lease: several may be stopped before one is answered. It
-- never has words.

-- Whether the duration that is paid was not reported by the service.
ALTER TABLE transcriptions ADD COLUMN estimated BOOLEAN NOT NULL DEFAULT FALSE;
