-- See the function: a task's true time of modification.
CREATE TRIGGER update_realmodificationtime
BEFORE INSERT OR UPDATE ON doma_panda.jedi_tasks
FOR EACH ROW EXECUTE FUNCTION doma_panda.update_realmodificationtime_trg();
