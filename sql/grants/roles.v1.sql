-- The roles of a site, without login: give them to those who log in, GRANT panda_writer TO somebody.
--   owner     owns everything
--   writer    PanDA's server, JEDI and what Harvester talks to
--   reader    monitors and people who look
--   archiver  takes finished jobs into the archive
--   monitor   a BigPanDA monitor, which keeps its users, sessions and requests here
-- psql runs it with -v owner=panda -v writer=panda_writer -v reader=panda_reader
-- -v archiver=panda_archiver -v monitor=panda_monitor; pandadb db grant runs the lines of roles that
-- are missing. Who runs that has to be a member of the owner: GRANT panda TO somebody.

CREATE ROLE :"owner" NOLOGIN;
CREATE ROLE :"writer" NOLOGIN;
CREATE ROLE :"reader" NOLOGIN;
CREATE ROLE :"archiver" NOLOGIN;
CREATE ROLE :"monitor" NOLOGIN;
