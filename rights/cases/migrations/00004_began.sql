-- +goose Up

-- When a try of an erasure began to change a system. Whoever places a hold is told of what was begun before it.
ALTER TABLE rights_case_steps ADD COLUMN began {{bigint}};
