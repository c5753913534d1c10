-- The monitor's server of each logged request.
CREATE VIEW doma_pandabigmon.requests_view AS
SELECT request.server
  FROM doma_pandabigmon.all_requests_daily AS request;
