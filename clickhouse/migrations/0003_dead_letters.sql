-- Whose a dead letter is, where its record still said so, and how large it was (long ones are kept in part).
ALTER TABLE {db}.dead_letters ADD COLUMN IF NOT EXISTS workspace LowCardinality(String) DEFAULT '';
ALTER TABLE {db}.dead_letters ADD COLUMN IF NOT EXISTS size UInt32 DEFAULT length(value);

-- A workspace sees its own letters. The operator of the server, who has to deal with all of them, asks as '*', which is no name of a workspace.
CREATE OR REPLACE VIEW {api}.dead_letters DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.dead_letters FINAL
WHERE getClientHTTPHeader('X-Runlog-Workspace') = '*' OR (workspace != '' AND workspace = getClientHTTPHeader('X-Runlog-Workspace'));
