-- See the function: a key that Django writes as NULL.
CREATE TRIGGER fill_objects_comparison
BEFORE INSERT ON doma_pandabigmon.objects_comparison
FOR EACH ROW WHEN ((new.id IS NULL))
EXECUTE FUNCTION doma_pandabigmon.fill_key('id', 'doma_pandabigmon.objects_comparison_seq');
