-- Whether an invoice is paid is asked while Telegram waits for an answer.
CREATE INDEX payments_invoice ON payments (invoice_id);
