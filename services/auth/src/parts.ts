import type { Logger } from '@holdfast/shared/logger.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import type { Passwords } from './accounts/passwords.ts';
import type { Keyring } from './keys/keyring.ts';

/** What the operations work with once the store answered. */
export type AuthParts = {
  readonly db: Database;
  readonly passwords: Passwords;
  readonly keyring: Keyring;
  readonly sessionDays: number;
  readonly log: Logger;
  /** Asks for the outbox to be published now; called after a commit. */
  wakeRelay(): void;
  countLogin(outcome: 'granted' | 'refused' | 'limited'): void;
};

/** The parts, or a retryable Fault while the store did not answer yet. */
export type UseParts = () => AuthParts;
