-- The owner owns everything in the schemas: each row is a statement for what it does not own yet,
-- run by psql for \gexec. It needs a member of the owner, who may also change what is there.

SELECT format('ALTER %s %s OWNER TO %I', kind, name, :'owner')
  FROM (SELECT 1, 'SCHEMA', quote_ident(nspname), nspowner, nspname, oid
          FROM pg_namespace
         UNION ALL
        SELECT 2, CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW'
                               WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
               format('%I.%I', nspname, relname), relowner, nspname, c.oid
          FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
         WHERE relkind IN ('r', 'p', 'S', 'v', 'm')
         UNION ALL
        SELECT 3, 'ROUTINE',
               format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(p.oid)),
               proowner, nspname, p.oid
          FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
       ) AS object (step, kind, name, owner, schema, id)
 WHERE schema IN ('doma_panda', 'doma_pandaarch', 'doma_pandameta', 'doma_deft',
                  'doma_pandabigmon', 'pandadb')
   AND pg_get_userbyid(owner) <> :'owner'
   AND NOT EXISTS (SELECT 1 FROM pg_depend d  -- of an extension, or a column's sequence
                    WHERE d.objid = id
                      AND (d.deptype = 'e' OR kind = 'SEQUENCE' AND d.deptype IN ('a', 'i')))
 ORDER BY step, name
\gexec
