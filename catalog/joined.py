"""One catalog made of the stores of an adapter, each of which keeps its part of the port."""

from catalog.account_port import AccountStore
from catalog.audit_port import AuditStore
from catalog.content_port import MasterKeyStore, MessageStore, ObjectStore, WebhookStore
from catalog.copy_port import CopyStore
from catalog.factor_port import FactorStore
from catalog.folder_link_port import FolderLinkStore
from catalog.identity_port import IdentityStore
from catalog.invitation_port import InvitationStore
from catalog.kept_upload_port import KeptUploadStore
from catalog.link_port import LinkStore
from catalog.login_port import AppPasswordStore, SessionStore
from catalog.port import FileStore, FolderPositions, FolderStore, FolderWalk, Overview
from catalog.quota_port import QuotaStore
from catalog.search_port import SearchStore
from catalog.service_credential_port import ServiceCredentialStore
from catalog.service_port import JobStore, KeyStore, ReferenceStore, TicketStore, ViewStore
from catalog.signing_key_port import SigningKeyStore
from catalog.space_port import GroupStore, SpaceStore
from catalog.star_port import StarStore
from catalog.transfer_records import CatalogTransfer
from catalog.trash_port import TrashStore, VersionStore


class JoinedCatalog:
    """Offers the methods of its stores as its own; a call goes straight to the store.

    An adapter adds `check_reads` and `check_writes` to be a `catalog.port.Catalog`.
    """

    def __init__(
        self,
        *,
        accounts: AccountStore,
        sessions: SessionStore,
        app_passwords: AppPasswordStore,
        folders: FolderStore,
        positions: FolderPositions,
        walks: FolderWalk,
        overview: Overview,
        search: SearchStore,
        files: FileStore,
        copies: CopyStore,
        trash: TrashStore,
        versions: VersionStore,
        objects: ObjectStore,
        messages: MessageStore,
        webhooks: WebhookStore,
        kept_uploads: KeptUploadStore,
        links: LinkStore,
        folder_links: FolderLinkStore,
        invitations: InvitationStore,
        tickets: TicketStore,
        references: ReferenceStore,
        keys: KeyStore,
        master_keys: MasterKeyStore,
        signing_keys: SigningKeyStore,
        service_credentials: ServiceCredentialStore,
        factors: FactorStore,
        identities: IdentityStore,
        audit: AuditStore,
        quotas: QuotaStore,
        groups: GroupStore,
        spaces: SpaceStore,
        stars: StarStore,
        views: ViewStore,
        jobs: JobStore,
        transfer: CatalogTransfer,
    ) -> None:
        self.setup_code = accounts.setup_code
        self.create_first_user = accounts.create_first_user
        self.create_user = accounts.create_user
        self.user_by_name = accounts.user_by_name
        self.user_by_id = accounts.user_by_id
        self.set_password = accounts.set_password
        self.replace_password_hash = accounts.replace_password_hash
        self.lock_user = accounts.lock_user
        self.search_users = accounts.search_users
        self.list_accounts = accounts.list_accounts
        self.set_role = accounts.set_role
        self.remove_user = accounts.remove_user
        self.add_session = sessions.add_session
        self.session_login = sessions.session_login
        self.sessions_of = sessions.sessions_of
        self.renew_session = sessions.renew_session
        self.carry_session = sessions.carry_session
        self.touch_session = sessions.touch_session
        self.end_session = sessions.end_session
        self.end_sessions_of = sessions.end_sessions_of
        self.live_sessions = sessions.live_sessions
        self.drop_ended_sessions = sessions.drop_ended_sessions
        self.add_app_password = app_passwords.add_app_password
        self.app_password_login = app_passwords.app_password_login
        self.app_passwords_of = app_passwords.app_passwords_of
        self.touch_app_password = app_passwords.touch_app_password
        self.remove_app_password = app_passwords.remove_app_password
        self.live_app_passwords = app_passwords.live_app_passwords
        self.folder_at = folders.folder_at
        self.folder_by_id = folders.folder_by_id
        self.folder_path = folders.folder_path
        self.make_folders = folders.make_folders
        self.counts = folders.counts
        self.list_folders = folders.list_folders
        self.list_files = folders.list_files
        self.usage_by_type = folders.usage_by_type
        self.rename_folder = folders.rename_folder
        self.move_folder = folders.move_folder
        self.delete_folder = folders.delete_folder
        self.subfolder_position = positions.subfolder_position
        self.file_position = positions.file_position
        self.subfolder_place = positions.subfolder_place
        self.file_place = positions.file_place
        self.subfolders_after = walks.subfolders_after
        self.subfolders_in = walks.subfolders_in
        self.files_after = walks.files_after
        self.folder_summaries = overview.folder_summaries
        self.recent_files = overview.recent_files
        self.search = search.search
        self.index_texts = search.index_texts
        self.file_at = files.file_at
        self.file_by_id = files.file_by_id
        self.files_in = files.files_in
        self.files_of = files.files_of
        self.commit_upload = files.commit_upload
        self.commit_uploads = files.commit_uploads
        self.check_place = files.check_place
        self.rename_file = files.rename_file
        self.move_files = files.move_files
        self.delete_file = files.delete_file
        self.set_owner = files.set_owner
        self.release_files = files.release_files
        self.set_public = files.set_public
        self.shares_of = files.shares_of
        self.put_share = files.put_share
        self.remove_share = files.remove_share
        self.copy_files = copies.copy_files
        self.copy_folder = copies.copy_folder
        self.trash_of = trash.trash_of
        self.trash_totals = trash.trash_totals
        self.restore_trashed = trash.restore_trashed
        self.discard_trashed = trash.discard_trashed
        self.collect_trash = trash.collect_trash
        self.versions_of = versions.versions_of
        self.restore_version = versions.restore_version
        self.delete_version = versions.delete_version
        self.begin_objects = objects.begin_objects
        self.add_message = objects.add_message
        self.finish_object = objects.finish_object
        self.object_by_id = objects.object_by_id
        self.chunks = objects.chunks
        self.single_chunks = objects.single_chunks
        self.hold = objects.hold
        self.release = objects.release
        self.renew = objects.renew
        self.collect_objects = objects.collect_objects
        self.garbage = objects.garbage
        self.orphan_authors = messages.orphan_authors
        self.orphan_messages = messages.orphan_messages
        self.count_orphans = messages.count_orphans
        self.postpone_message = messages.postpone_message
        self.forget_message = messages.forget_message
        self.messages_in_use = messages.messages_in_use
        self.chunks_in = messages.chunks_in
        self.move_chunks = messages.move_chunks
        self.channel_sweeps = messages.channel_sweeps
        self.note_sweep = messages.note_sweep
        self.watches = messages.watches
        self.keep_watch = messages.keep_watch
        self.quarantines = webhooks.quarantines
        self.put_quarantine = webhooks.put_quarantine
        self.end_quarantine = webhooks.end_quarantine
        self.channel_limits = webhooks.channel_limits
        self.put_channel_limits = webhooks.put_channel_limits
        self.chunks_posted_by = webhooks.chunks_posted_by
        self.keep_upload = kept_uploads.keep_upload
        self.kept_upload = kept_uploads.kept_upload
        self.kept_uploads_of = kept_uploads.kept_uploads_of
        self.claim_kept_upload = kept_uploads.claim_kept_upload
        self.park_kept_upload = kept_uploads.park_kept_upload
        self.note_kept_upload_service = kept_uploads.note_kept_upload_service
        self.kept_upload_given_to = kept_uploads.kept_upload_given_to
        self.drop_kept_upload = kept_uploads.drop_kept_upload
        self.create_link = links.create_link
        self.link_by_hash = links.link_by_hash
        self.link_by_id = links.link_by_id
        self.requested_link = links.requested_link
        self.links_of = links.links_of
        self.change_link = links.change_link
        self.extend_link = links.extend_link
        self.revoke_link = links.revoke_link
        self.count_download = links.count_download
        self.drop_ended_links = links.drop_ended_links
        self.create_folder_link = folder_links.create_folder_link
        self.folder_link_by_hash = folder_links.folder_link_by_hash
        self.folder_link_by_id = folder_links.folder_link_by_id
        self.folder_links_of = folder_links.folder_links_of
        self.change_folder_link = folder_links.change_folder_link
        self.revoke_folder_link = folder_links.revoke_folder_link
        self.note_folder_link = folder_links.note_folder_link
        self.open_link_upload = folder_links.open_link_upload
        self.link_upload = folder_links.link_upload
        self.count_link_upload = folder_links.count_link_upload
        self.drop_link_upload = folder_links.drop_link_upload
        self.drop_ended_folder_links = folder_links.drop_ended_folder_links
        self.put_star = stars.put_star
        self.remove_star = stars.remove_star
        self.star_keys = stars.star_keys
        self.starred = stars.starred
        self.create_invitation = invitations.create_invitation
        self.list_invitations = invitations.list_invitations
        self.revoke_invitation = invitations.revoke_invitation
        self.invitation_by_hash = invitations.invitation_by_hash
        self.create_invited_user = invitations.create_invited_user
        self.open_ticket = tickets.open_ticket
        self.ticket = tickets.ticket
        self.redeem_ticket = tickets.redeem_ticket
        self.complete_ticket = tickets.complete_ticket
        self.drop_expired_tickets = tickets.drop_expired_tickets
        self.create_reference = references.create_reference
        self.release_reference = references.release_reference
        self.references_of = references.references_of
        self.references_on = references.references_on
        self.create_key = keys.create_key
        self.key_by_hash = keys.key_by_hash
        self.revoke_key = keys.revoke_key
        self.list_keys = keys.list_keys
        self.note_master_key = master_keys.note_master_key
        self.content_of_missing_keys = master_keys.content_of_missing_keys
        self.list_signing_keys = signing_keys.list_signing_keys
        self.begin_signing_keys = signing_keys.begin_signing_keys
        self.add_signing_key = signing_keys.add_signing_key
        self.reseal_signing_key = signing_keys.reseal_signing_key
        self.drop_signing_keys = signing_keys.drop_signing_keys
        self.add_service_credential = service_credentials.add_service_credential
        self.list_service_credentials = service_credentials.list_service_credentials
        self.revoke_service_credential = service_credentials.revoke_service_credential
        self.note_service_credentials_used = service_credentials.note_service_credentials_used
        self.second_factors_of = factors.second_factors_of
        self.factor_by_credential = factors.factor_by_credential
        self.add_factor = factors.add_factor
        self.use_factor = factors.use_factor
        self.remove_factor = factors.remove_factor
        self.reset_factors = factors.reset_factors
        self.replace_recovery_codes = factors.replace_recovery_codes
        self.use_recovery_code = factors.use_recovery_code
        self.demand_factor = factors.demand_factor
        self.spend_challenge = factors.spend_challenge
        self.totp_factors = factors.totp_factors
        self.reseal_factor = factors.reseal_factor
        self.user_by_identity = identities.user_by_identity
        self.link_identity = identities.link_identity
        self.identities_of = identities.identities_of
        self.unlink_identity = identities.unlink_identity
        self.put_audit_events = audit.put_audit_events
        self.audit_events = audit.audit_events
        self.drop_audit_events = audit.drop_audit_events
        self.set_quota = quotas.set_quota
        self.user_storage = quotas.user_storage
        self.user_usages = quotas.user_usages
        self.create_group = groups.create_group
        self.remove_group = groups.remove_group
        self.list_groups = groups.list_groups
        self.groups_of = groups.groups_of
        self.group_members = groups.group_members
        self.put_member = groups.put_member
        self.remove_member = groups.remove_member
        self.set_space = spaces.set_space
        self.visible_folders = spaces.visible_folders
        self.outlying_files = spaces.outlying_files
        self.rights_on = spaces.rights_on
        self.folder_sharing = spaces.folder_sharing
        self.put_grant = spaces.put_grant
        self.remove_grant = spaces.remove_grant
        self.set_folder_owner = spaces.set_folder_owner
        self.put_view = views.put_view
        self.views_of = views.views_of
        self.metadata_of = views.metadata_of
        self.enqueue_missing = jobs.enqueue_missing
        self.claim_job = jobs.claim_job
        self.renew_job = jobs.renew_job
        self.complete_job = jobs.complete_job
        self.fail_job = jobs.fail_job
        self.jobs = jobs.jobs
        self.count_jobs = jobs.count_jobs
        self.retry_jobs = jobs.retry_jobs
        self.exporting = transfer.exporting
        self.importing = transfer.importing
