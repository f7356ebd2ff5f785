import { expect } from 'chai';
import { type Account, decideChange, normaliseEmail, presentAccount, stateOf } from './account.ts';

const account: Account = {
  userId: '0198c9d4-0000-7000-8000-0000000000aa',
  email: 'mara.lindqvist@example.org',
  name: 'Mara Lindqvist',
  phone: '+46 70 123 45 67',
  tier: 'regular',
  roles: ['user', 'organizer'],
  version: 3,
  createdAt: new Date('2027-03-14T19:30:00.000Z'),
  updatedAt: new Date('2027-03-15T08:00:00.000Z'),
};

describe('an account', () => {
  it('has one form of its mail address', () => {
    expect(normaliseEmail('  Mara.Lindqvist@Example.ORG\t')).to.equal(account.email);
  });

  it('changes the named fields, tells before and after of those alone', () => {
    expect(decideChange(account, { name: ' Mara Holm ', tier: 'vip' })).to.deep.equal({
      kind: 'changed',
      fields: { name: 'Mara Holm', phone: account.phone, tier: 'vip', roles: account.roles },
      before: { name: 'Mara Lindqvist', tier: 'regular' },
      after: { name: 'Mara Holm', tier: 'vip' },
    });
  });

  it('loses its phone by null, keeps it when the change does not name it', () => {
    expect(decideChange(account, { phone: null })).to.deep.include({
      before: { phone: account.phone },
      after: { phone: null },
    });
    expect(decideChange(account, { name: 'M' })).to.deep.nested.include({
      'fields.phone': account.phone,
    });
  });

  it('ignores a change to what it is, also when the roles come in another order', () => {
    const unchanged = { kind: 'ignored', reason: 'unchanged' };
    expect(decideChange(account, { roles: ['organizer', 'user'] })).to.deep.equal(unchanged);
    expect(decideChange(account, { name: account.name, phone: account.phone })).to.deep.equal(
      unchanged,
    );
    expect(decideChange({ ...account, phone: null }, { phone: null })).to.deep.equal(unchanged);
    expect(decideChange(account, {})).to.deep.equal(unchanged);
  });

  it('tells a phone named "null" from none', () => {
    expect(decideChange({ ...account, phone: null }, { phone: 'null' }).kind).to.equal('changed');
  });

  it('shows its owner all but the version, messages all but the phone', () => {
    expect(presentAccount(account)).to.deep.equal({
      userId: account.userId,
      email: account.email,
      name: account.name,
      phone: account.phone,
      tier: 'regular',
      roles: ['user', 'organizer'],
      createdAt: '2027-03-14T19:30:00.000Z',
    });
    expect(stateOf(account)).to.deep.equal({
      userId: account.userId,
      email: account.email,
      name: account.name,
      tier: 'regular',
      roles: ['user', 'organizer'],
    });
  });
});
