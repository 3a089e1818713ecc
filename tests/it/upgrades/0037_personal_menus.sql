-- Ann has chosen a language, and Bob was an administrator.
INSERT INTO personal_menus (user_id, digest, of_administrator, lease, leased_until)
VALUES (42, sha256('menu'), FALSE, 7, now() - interval '1 day'), (43, NULL, TRUE, 8, now() - interval '1 day')
ON CONFLICT (user_id) DO UPDATE SET lease = excluded.lease, leased_until = excluded.leased_until;
