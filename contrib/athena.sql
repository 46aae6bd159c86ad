-- Records that `deployer audit export --out day.parquet` wrote, copied to s3://…/ledger/day=YYYY-MM-DD/.
CREATE EXTERNAL TABLE ledger (
  event_time timestamp, outcome string, reason string, account string, account_name string, ou_path string,
  ou_source string, region string, repository string, repository_arn string, principal string,
  principal_account string, rule string, detail string, event_name string, source_ip string, user_agent string,
  received_at timestamp, created_at timestamp, event_id string, envelope_id string, request_id string,
  settings_digest string, settings string, steps string, via string, action string, how string, engine string)
PARTITIONED BY (day string)
STORED AS PARQUET LOCATION 's3://…/ledger/'
TBLPROPERTIES ('projection.enabled' = 'true', 'projection.day.type' = 'date', 'projection.day.format' = 'yyyy-MM-dd',
               'projection.day.range' = '2026-01-01,NOW', 'storage.location.template' = 's3://…/ledger/day=${day}/');

SELECT ou_path, reason, count(*) FROM ledger
WHERE day > '2026-11-01' AND outcome = 'refused'
GROUP BY 1, 2 ORDER BY 3 DESC;
