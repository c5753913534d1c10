-- Events of a task's master inputs: all, and those whose files are not finished yet (in proportion,
-- and 0 while none of a dataset's files is used).
CREATE VIEW doma_pandabigmon.geteventsfortask AS
SELECT dataset.jeditaskid,
       round(sum(
           CASE
               WHEN dataset.nfilesused > 0 AND dataset.nfiles > 0
               THEN dataset.nevents::numeric
                    * (dataset.nfiles - dataset.nfilesfinished) / dataset.nfiles
               ELSE 0
           END
       )) AS totevrem,
       sum(dataset.nevents) AS totev,
       max(dataset.modificationtime) AS modificationtime
  FROM doma_panda.jedi_datasets AS dataset
 WHERE dataset.type IN ('input', 'pseudo_input')
   AND dataset.masterid IS NULL
 GROUP BY dataset.jeditaskid;
