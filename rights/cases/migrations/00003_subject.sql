-- +goose Up

-- What somebody turns by a switch is looked for among their requests.
CREATE INDEX rights_cases_subject ON rights_cases (subject, received);
