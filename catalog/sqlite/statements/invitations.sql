-- Statements for invitations.

-- insert_invitation --
-- A new one.
INSERT INTO invitations (id, token_hash, created_by, label, quota_bytes, quota_files, group_ids, max_uses, uses,
    created_at, expires_at, revoked_at)
VALUES (:id, :token_hash, :created_by, :label, :quota_bytes, :quota_files, :group_ids, :max_uses, :uses,
    :created_at, :expires_at, :revoked_at);

-- invitation_by_id --
-- One invitation.
SELECT * FROM invitations WHERE id = :id;

-- invitation_in_force --
-- The invitation whose token has this hash, if people may register by it.
SELECT invitations.* FROM invitations JOIN users ON users.id = invitations.created_by
WHERE token_hash = :token_hash AND revoked_at IS NULL AND uses < max_uses AND users.is_admin
    AND (expires_at IS NULL OR expires_at > :now);

-- list_invitations --
-- All of them, the newest first.
SELECT * FROM invitations ORDER BY created_at DESC, id DESC;

-- count_invitations --
-- How many there are.
SELECT count(*) AS total FROM invitations;

-- delete_ended_invitations --
-- Those by which nobody may register any more.
DELETE FROM invitations WHERE revoked_at IS NOT NULL OR uses >= max_uses OR expires_at <= :now;

-- revoke_invitation --
-- Ends one.
UPDATE invitations SET revoked_at = coalesce(revoked_at, :at) WHERE id = :id RETURNING *;

-- use_invitation --
-- One more use.
UPDATE invitations SET uses = uses + 1 WHERE id = :id;

-- join_groups --
-- Makes a user a member of those groups that are there.
INSERT INTO group_members (group_id, user_id)
SELECT user_groups.id, :user_id FROM user_groups
WHERE user_groups.id IN (SELECT value FROM json_each(:group_ids))
ON CONFLICT DO NOTHING;

-- groups_there --
-- How many of these groups there are.
SELECT count(*) AS total FROM user_groups WHERE id IN (SELECT value FROM json_each(:group_ids));
