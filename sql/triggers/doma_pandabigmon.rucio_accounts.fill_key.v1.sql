-- See the function: a key that Django writes as NULL.
CREATE TRIGGER fill_rucio_accounts
BEFORE INSERT ON doma_pandabigmon.rucio_accounts
FOR EACH ROW WHEN ((new.id IS NULL))
EXECUTE FUNCTION doma_pandabigmon.fill_key('id', 'doma_pandabigmon.rucio_accounts_seq');
