-- What readers see: database {api}, one view per table, each showing the workspace named in the header of the request and nothing without it.
-- The views run with the rights of {definer}; readers have none on {db}. They pass through every column, so that conditions reach the primary keys.
-- FINAL where a table keeps versions of a row: readers see the newest only, merged or not. Summaries are partial states until they are grouped.

CREATE DATABASE IF NOT EXISTS {api} ENGINE = Atomic;

CREATE OR REPLACE VIEW {api}.experiments DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.experiments FINAL WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.runs DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.runs FINAL WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.segments DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.segments FINAL WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.params DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.params FINAL WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.params_by_run DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.params_by_run FINAL WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.tags DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.tags FINAL WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.tags_by_run DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.tags_by_run FINAL WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.points DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.points WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.rollups DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.rollups WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.series DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.series WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.series_by_run DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.series_by_run WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.seen DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.seen WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');

CREATE OR REPLACE VIEW {api}.events DEFINER = {definer} SQL SECURITY DEFINER AS
SELECT * FROM {db}.events WHERE workspace = getClientHTTPHeader('X-Runlog-Workspace');
