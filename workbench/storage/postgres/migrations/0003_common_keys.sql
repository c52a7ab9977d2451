-- How many passages have a common term is asked for at every search, and counting them takes long: the planner's statistics say it.
ALTER TABLE passage_keys ALTER COLUMN keys SET STATISTICS 500;
