-- The jobs archived in the last days, all columns, as PanDA's server looks for them by age. Each window
-- is a plain condition on the partition key, so that older partitions are not read.
CREATE VIEW doma_pandaarch.jobsarchview_7days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '7 days';

CREATE VIEW doma_pandaarch.jobsarchview_15days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '15 days';

CREATE VIEW doma_pandaarch.jobsarchview_30days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '30 days';

CREATE VIEW doma_pandaarch.jobsarchview_60days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '60 days';

CREATE VIEW doma_pandaarch.jobsarchview_90days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '90 days';

CREATE VIEW doma_pandaarch.jobsarchview_120days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '120 days';

CREATE VIEW doma_pandaarch.jobsarchview_180days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '180 days';

CREATE VIEW doma_pandaarch.jobsarchview_365days AS
SELECT * FROM doma_pandaarch.jobsarchived
 WHERE modificationtime > (now() AT TIME ZONE 'UTC') - interval '365 days';
