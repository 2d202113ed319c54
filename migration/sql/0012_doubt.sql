-- What is not known of a refund, since when, and what holds it up.

-- Since when an order may have been carried out whose answer never came. It goes with the gateway's word.
ALTER TABLE refunds ADD COLUMN in_doubt_since TIMESTAMPTZ;
-- How often the gateway has said that it will confirm: what the pauses between questions follow.
ALTER TABLE refunds ADD COLUMN answers BIGINT NOT NULL DEFAULT 0;
-- What keeps it from going on, as a message; with the first and the number of tries that met it.
ALTER TABLE refunds ADD COLUMN hindrance TEXT;
ALTER TABLE refunds ADD COLUMN hindered_since TIMESTAMPTZ;
ALTER TABLE refunds ADD COLUMN hindered_times BIGINT NOT NULL DEFAULT 0;
-- Who of the staff has declared how it ended, where the gateway did not say.
ALTER TABLE refunds ADD COLUMN resolved_by UUID;

-- Until now every sending counted as one that may have been carried out.
UPDATE refunds SET in_doubt_since = first_sent_at
  WHERE status IN ('PROCESSING', 'NEEDS_ATTENTION') AND gateway_refund_id IS NULL;
-- Until now answers and questions without an answer were counted together.
UPDATE refunds SET answers = inquiries, inquiries = 0 WHERE status = 'PENDING';
