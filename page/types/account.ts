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
  /** Null: it is not confined to one, or to one that is hidden. */
  folder: string | null;
  is_confined: boolean;
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

export interface SecondFactor {
  id: string;
  kind: "totp" | "passkey";
  label: string;
  created_at: string;
  last_used_at: string | null;
}

export interface FactorList {
  factors: SecondFactor[];
  /** How many are left. */
  recovery_codes: number;
  is_demanded: boolean;
  passkeys_available: boolean;
}

/** What says who one is: one of these. */
export interface Proof {
  password?: string;
  challenge?: string;
  code?: string;
  passkey?: object;
}

/** A secret for an authenticator app, on its way. */
export interface AppEnrolment {
  enrolment: string;
  secret: string;
  uri: string;
  qr_code: string;
}

export interface Enrolled {
  factor: SecondFactor;
  /** For the first factor only; they are told once. */
  recovery_codes: string[];
  /** When a login had demanded the factor. */
  token?: string;
  renewal?: string;
}

/** What a login still needs after the password. */
export type LoginStep =
  | {
      code: "second-factor-required";
      challenge: string;
      methods: ("totp" | "passkey" | "recovery-code")[];
      passkey_options: PublicKeyCredentialRequestOptionsJSON | null;
    }
  | { code: "second-factor-demanded"; confirmation: string };

/** How one can log in besides by user name and password. */
export interface LoginMethods {
  openid: string | null;
  passkeys_available: boolean;
}

/** What an administrator sees of another user's second factors. */
export interface FactorSummary {
  factors: SecondFactor["kind"][];
  recovery_codes: number;
  is_demanded: boolean;
}

/** An invitation to register, as the manager's routes have it. */
export interface Invitation {
  id: string;
  label: string;
  state: "active" | "expired" | "revoked" | "used-up";
  groups: string[];
  max_uses: number;
  uses: number;
  created_at: string;
  expires_at: string | null;
  /** For who has made it just now. */
  url?: string;
}

export interface InvitationOptions {
  label: string;
  max_uses: number;
  expires_in_s: number;
  /** Left out: what all new users may store. */
  quota?: { bytes: number };
  groups: string[];
}
