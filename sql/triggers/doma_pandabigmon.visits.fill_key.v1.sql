-- See the function: a key that Django writes as NULL.
CREATE TRIGGER fill_visits
BEFORE INSERT ON doma_pandabigmon.visits
FOR EACH ROW WHEN ((new.visitid IS NULL))
EXECUTE FUNCTION doma_pandabigmon.fill_key('visitid', 'doma_pandabigmon.visits_seq');
