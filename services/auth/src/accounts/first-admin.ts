import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import type { AuthParts } from '../parts.ts';
import { normaliseEmail } from './account.ts';
import { createAccount } from './register.ts';
import { findUserByEmail } from './users.ts';

/** Creates the admin of the configuration unless its address has an account, which stays as it is. */
export async function ensureFirstAdmin(
  parts: AuthParts,
  admin: { email: string; password: string },
): Promise<void> {
  const email = normaliseEmail(admin.email);
  const existing = await findUserByEmail(parts.db, email);
  if (existing === undefined) {
    const userId = newId();
    const passwordHash = await parts.passwords.hash(admin.password);
    const created = await parts.db.transaction((tx) =>
      createAccount(
        tx,
        { userId, email, name: 'Admin', phone: null, roles: ['user', 'admin'], passwordHash },
        systemOrigin('first-admin', userId),
      ),
    );
    if (created) parts.log.info('admin.created', { userId });
  } else if (!existing.roles.includes('admin')) {
    parts.log.warn('admin.lacks_role', { userId: existing.userId });
  }
}
