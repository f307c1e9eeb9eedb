BEGIN TRANSACTION;
CREATE TABLE hs_answers (
	id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	request TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	base_url TEXT NOT NULL, 
	shape TEXT, 
	model TEXT NOT NULL, 
	notebook TEXT NOT NULL, 
	cell_id TEXT, 
	session TEXT NOT NULL, 
	writer TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	status TEXT, 
	finish_reason TEXT, 
	attempts BIGINT NOT NULL, 
	first_piece BIGINT NOT NULL, 
	notes TEXT, 
	error TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "hs_answers" VALUES('answer-1','f80724217b10964f71fe3ea8abc13a0c381262180822bbf44988688706544efe','{"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}],"temperature":null,"max_tokens":null,"extra":{}}','holysheep','https://example.com/v1',NULL,'gpt-4.1','here.ipynb','cell-1','session-1','earlier/boot|24432|1243909',1795350615123457,1795364137069168,'complete','stop',1,0,NULL,NULL);
CREATE TABLE hs_attempts (
	answer_id TEXT NOT NULL, 
	attempt BIGINT NOT NULL, 
	started_at BIGINT NOT NULL, 
	notebook TEXT NOT NULL, 
	cell_id TEXT, 
	execution_count BIGINT, 
	session TEXT NOT NULL, 
	writer TEXT NOT NULL, 
	comparison_id TEXT, 
	resumed_by TEXT, 
	provider TEXT NOT NULL, 
	model TEXT NOT NULL, 
	model_served TEXT, 
	status TEXT, 
	finish_reason TEXT, 
	input_tokens BIGINT, 
	cache_read_tokens BIGINT, 
	cache_write_tokens BIGINT, 
	output_tokens BIGINT, 
	reasoning_tokens BIGINT, 
	usage_source TEXT, 
	cost_usd TEXT, 
	list_cost_usd TEXT, 
	price_book TEXT, 
	ttft_s FLOAT, 
	duration_s FLOAT, 
	tokens_per_s FLOAT, 
	request_id TEXT, 
	error TEXT, reported_cost_usd TEXT, book_cost_usd TEXT, price_date TEXT, list_price_book TEXT, estimated_input_tokens BIGINT, estimated_output_tokens BIGINT, 
	PRIMARY KEY (answer_id, attempt)
);
INSERT INTO "hs_attempts" VALUES('answer-1',1,1795350615123457,'here.ipynb','cell-1',7,'session-1','earlier/boot|24432|1243909','c-1',NULL,'holysheep','gpt-4.1','gpt-4.1-2025-04-14','complete','stop',1500,100,0,850,64,'final','0.01225',NULL,'article-2025',0.5,2.5,425.0,'req-1',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "hs_attempts" VALUES('answer-2',1,1795350615123457,'here.ipynb','cell-1',7,'session-1','earlier/boot|24432|1243909',NULL,NULL,'holysheep','gpt-4.1',NULL,'interrupted',NULL,43,NULL,NULL,NULL,NULL,'partial',NULL,NULL,NULL,0.5,1.0,NULL,NULL,'CutError: The stream broke off.',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "hs_attempts" VALUES('answer-3',1,1795350615123457,'other.ipynb',NULL,NULL,'session-2','earlier/boot|24432|1243909',NULL,NULL,'holysheep','gpt-4.1',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE hs_budgets (
	scope TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	limit_usd TEXT NOT NULL, 
	hard INTEGER NOT NULL, 
	unpriced TEXT NOT NULL, 
	set_at BIGINT NOT NULL, 
	PRIMARY KEY (scope, "key")
);
CREATE TABLE hs_picks (
	comparison_id TEXT NOT NULL, 
	picked_at BIGINT NOT NULL, 
	notebook TEXT NOT NULL, 
	cell_id TEXT, 
	session TEXT NOT NULL, 
	answer_id TEXT NOT NULL, 
	model TEXT NOT NULL, 
	others TEXT NOT NULL, 
	PRIMARY KEY (comparison_id)
);
CREATE TABLE hs_pieces (
	answer_id TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	attempt BIGINT NOT NULL, 
	text BLOB, 
	reasoning BLOB, 
	refusal BLOB, 
	tool_calls BLOB, 
	event_id BLOB, 
	stream_id BLOB, 
	usage BLOB, 
	PRIMARY KEY (answer_id, number)
);
INSERT INTO "hs_pieces" VALUES('answer-1',0,1795364137068640,1,X'48692120E7BE8A20EDA0BD',NULL,NULL,NULL,X'652D32',NULL,NULL);
CREATE TABLE hs_reservations (
	answer_id TEXT NOT NULL, 
	began_at BIGINT NOT NULL, 
	notebook TEXT NOT NULL, 
	session TEXT NOT NULL, 
	amount_usd TEXT NOT NULL, 
	PRIMARY KEY (answer_id)
);
CREATE TABLE hs_schema (
	version INTEGER NOT NULL
);
INSERT INTO "hs_schema" VALUES(2);
CREATE INDEX hs_attempts_of_notebook ON hs_attempts (notebook, started_at);
CREATE INDEX hs_answers_of_notebook ON hs_answers (notebook, updated_at);
COMMIT;
