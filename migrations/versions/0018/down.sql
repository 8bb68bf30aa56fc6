-- Of several messages under one identity one stays: that of the session's own header, else the one that says that its
-- speaker plays its sender, else the first.
DELETE FROM inbox i USING (
    SELECT i.ctid AS place, row_number() OVER (
        PARTITION BY i.session, i.site, i.sender, i.receiver
        ORDER BY i.header IS DISTINCT FROM s.header,
            position(convert_to(format('"%s":"%s"', coalesce(nullif(i.sender, ''), i.receiver), i.sender_service), 'UTF8')
                IN i.header) = 0,
            i.received_at, i.sender_service) AS n
    FROM inbox i LEFT JOIN session s ON s.session = i.session AND s.role = i.receiver
) AS several
WHERE i.ctid = several.place AND several.n > 1;
DELETE FROM arrival a WHERE NOT EXISTS (
    SELECT FROM inbox i
    WHERE (i.session, i.site, i.sender, i.receiver, i.sender_service)
        = (a.session, a.site, a.sender, a.receiver, a.sender_service));
ALTER TABLE inbox DROP CONSTRAINT inbox_pkey, ADD CONSTRAINT inbox_pkey PRIMARY KEY (session, site, sender, receiver);
DROP INDEX inbox_undoing;
DROP FUNCTION take, dismiss, crowd, sayable, heads;
ALTER TABLE arrival DROP COLUMN sender_service, DROP COLUMN aside;
ALTER TABLE setting DROP COLUMN waiting_per_peer_max, DROP COLUMN overfull, DROP COLUMN undoing, DROP COLUMN arrival_pages;
