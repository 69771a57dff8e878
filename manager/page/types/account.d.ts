/** Sessions and app passwords, as the manager's routes have them. */

export interface LoginSession {
  id: string;
  device: string;
  address: string;
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  is_current: boolean;
}

export interface AppPassword {
  id: string;
  name: string;
  read_only: boolean;
  /** Null: it is not confined to one. */
  folder: string | null;
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
}

export interface NewAppPassword {
  name: string;
  read_only: boolean;
  folder: string | null;
  expires_at: string | null;
}
