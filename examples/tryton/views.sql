-- What Tryton (8.2, modules sale_opportunity and party) keeps in Postgres, as Tamis reads it: run once, as the owner.
-- Times are written in UTC by Tryton without saying so: here they say so. Names and texts of people stay where they are.
CREATE SCHEMA IF NOT EXISTS tamis;

CREATE OR REPLACE VIEW tamis.leads AS
SELECT
    o.id AS lead_id,
    o.create_date AT TIME ZONE 'UTC' AS created_at,
    o.party AS account_id,
    o.employee AS owner,
    (SELECT own.name FROM company_company c JOIN party_party own ON own.id = c.party WHERE c.id = o.company)
        AS our_company
FROM sale_opportunity o;

CREATE OR REPLACE VIEW tamis.accounts AS
SELECT
    p.id AS account_id,
    (SELECT count(*) FROM party_contact_mechanism m WHERE m.party = p.id) AS contact_mechanisms
FROM party_party p;

-- A lead is decided once: on the day that closes it, at the latest when its record was last written.
CREATE OR REPLACE VIEW tamis.outcomes AS
SELECT
    o.id AS lead_id,
    coalesce(o.end_date::timestamp, o.write_date, o.create_date) AT TIME ZONE 'UTC' AS decided_at,
    CASE WHEN o.state = 'won' THEN 'won' ELSE 'lost' END AS outcome,
    o.amount
FROM sale_opportunity o
WHERE o.state IN ('won', 'lost', 'cancelled');
