import { expect } from 'chai';
import {
  BOOKING_STATUSES,
  type BookingStatus,
  type CheckoutCommand,
  type CheckoutDecision,
  decide,
  type PaymentStatus,
} from './checkout.ts';

const pinned = { kind: 'pinned', eventCancelled: false, seatsReserved: true } as const;
const captured = { kind: 'captured', eventCancelled: false, canRetake: false } as const;
const unasked = { kind: 'captured_unasked', eventCancelled: false, seatsReserved: true } as const;
const failure = { kind: 'accepted', status: 'failed', freesHold: true, freesQuota: true } as const;
const sale = {
  kind: 'accepted',
  status: 'confirmed',
  reason: null,
  payment: 'captured',
  tickets: 'live',
  journals: ['capture'],
  announces: true,
} as const;
const giveBack = {
  kind: 'accepted',
  status: 'cancelled',
  tickets: 'void',
  freesQuota: true,
  call: 'refund',
  announces: true,
} as const;

type Case = readonly [
  title: string,
  from: BookingStatus,
  command: CheckoutCommand,
  plan: CheckoutDecision,
];

const ACCEPTED: readonly Case[] = [
  [
    'asks catalog for the pin once money is authorized',
    'pending',
    { kind: 'authorized' },
    {
      kind: 'accepted',
      status: 'authorized',
      reason: null,
      payment: 'authorized',
      announces: true,
    },
  ],
  [
    'fails on a decline, and frees hold and quota',
    'pending',
    { kind: 'declined', reason: 'lost_card' },
    { ...failure, reason: 'lost_card', payment: 'declined', announces: true },
  ],
  [
    'captures only once seats are pinned and reserved',
    'authorized',
    pinned,
    { kind: 'accepted', status: 'capturing', reason: null, call: 'capture', announces: false },
  ],
  [
    'voids, and says nothing yet, when a seat has another ticket',
    'authorized',
    { ...pinned, seatsReserved: false },
    {
      kind: 'accepted',
      status: 'voiding',
      reason: 'seat_conflict',
      call: 'void',
      announces: false,
    },
  ],
  [
    'voids when the event was cancelled before the pin',
    'authorized',
    { ...pinned, eventCancelled: true, seatsReserved: false },
    {
      kind: 'accepted',
      status: 'voiding',
      reason: 'event_cancelled',
      call: 'void',
      announces: false,
    },
  ],
  [
    'voids when the pin is refused',
    'authorized',
    { kind: 'pin_refused', reason: 'hold_expired' },
    { kind: 'accepted', status: 'voiding', reason: 'hold_expired', call: 'void', announces: false },
  ],
  ['confirms with money, ledger and tickets together', 'capturing', captured, sale],
  [
    'refunds instead of confirming when the event was cancelled meanwhile',
    'capturing',
    { ...captured, eventCancelled: true },
    {
      ...giveBack,
      reason: 'event_cancelled',
      payment: 'captured',
      journals: ['capture', 'cancel'],
    },
  ],
  [
    'fails when the authorization ended before the capture',
    'capturing',
    { kind: 'capture_refused', reason: 'authorization_ended', authorizationLives: false },
    {
      ...failure,
      reason: 'authorization_ended',
      payment: 'voided',
      tickets: 'void',
      announces: true,
    },
  ],
  [
    'voids when the capture is refused but money is still reserved',
    'capturing',
    { kind: 'capture_refused', reason: 'capture_refused', authorizationLives: true },
    {
      kind: 'accepted',
      status: 'voiding',
      reason: 'capture_refused',
      call: 'void',
      tickets: 'void',
      announces: false,
    },
  ],
  [
    'fails, and so unpins, only once the void is certain',
    'voiding',
    { kind: 'voided' },
    { ...failure, reason: 'why', payment: 'voided', tickets: 'void', announces: true },
  ],
  [
    'refunds in full when what was to be voided turns out captured',
    'voiding',
    { ...unasked, seatsReserved: false },
    {
      ...failure,
      reason: 'why',
      payment: 'captured',
      tickets: 'void',
      journals: ['capture', 'cancel'],
      call: 'refund',
      announces: true,
    },
  ],
  [
    'sells after all when the money came before the void and the seats are still kept',
    'voiding',
    unasked,
    sale,
  ],
  [
    'refunds what came before the void when the event was cancelled',
    'voiding',
    { ...unasked, eventCancelled: true },
    {
      ...failure,
      reason: 'why',
      payment: 'captured',
      tickets: 'void',
      journals: ['capture', 'cancel'],
      call: 'refund',
      announces: true,
    },
  ],
  [
    'pays back in full what comes when the booking has failed, which it stays',
    'failed',
    captured,
    {
      kind: 'accepted',
      status: 'failed',
      reason: null,
      payment: 'captured',
      journals: ['capture', 'cancel'],
      call: 'refund',
      announces: false,
    },
  ],
  [
    'asks how a charge ends that the provider works on, and keeps the seats',
    'capturing',
    { kind: 'processing' },
    {
      kind: 'accepted',
      status: 'capturing',
      reason: null,
      payment: 'processing',
      call: 'await',
      announces: false,
    },
  ],
  [
    'voids a payment that takes too long, and keeps the seats until the void is certain',
    'capturing',
    { kind: 'payment_overdue' },
    {
      kind: 'accepted',
      status: 'voiding',
      reason: 'payment_overdue',
      call: 'void',
      announces: false,
    },
  ],
  [
    'cancels a confirmed booking with a refund',
    'confirmed',
    { kind: 'cancel', reason: 'customer_request' },
    { ...giveBack, reason: 'customer_request', journals: ['cancel'] },
  ],
];

const COMMANDS: readonly CheckoutCommand[] = [
  { kind: 'authorized' },
  { kind: 'declined', reason: 'x' },
  pinned,
  { kind: 'pin_refused', reason: 'x' },
  captured,
  { kind: 'capture_refused', reason: 'x', authorizationLives: false },
  { kind: 'voided' },
  unasked,
  { kind: 'payment_overdue' },
  { kind: 'processing' },
];

describe('checkout', () => {
  for (const [title, status, command, plan] of ACCEPTED) {
    it(title, () => {
      const reason = status === 'voiding' ? 'why' : null;
      expect(
        decide(command, {
          status,
          reason,
          isFree: false,
          settlesItself: false,
          isPaid: false,
          payment: null,
        }),
      ).to.deep.equal(plan);
    });
  }

  it('ignores what happened when the booking is in no state for it, and says both', () => {
    for (const command of COMMANDS) {
      const from = ACCEPTED.filter(([, , known]) => known.kind === command.kind).map(
        (one) => one[1],
      );
      for (const status of BOOKING_STATUSES.filter((one) => !from.includes(one))) {
        expect(
          decide(command, {
            status,
            reason: null,
            isFree: false,
            settlesItself: false,
            isPaid: false,
            payment: null,
          }),
        ).to.deep.equal({
          kind: 'ignored',
          reason: `${command.kind}_when_${status}`,
        });
      }
    }
  });

  it('refuses to cancel what is not confirmed, ignores a second cancel', () => {
    for (const status of ['pending', 'authorized', 'capturing', 'voiding', 'failed'] as const) {
      const decision = decide(
        { kind: 'cancel', reason: 'x' },
        { status, reason: null, isFree: false, settlesItself: false, isPaid: false, payment: null },
      );
      expect(decision).to.include({ kind: 'refused', code: 'booking_not_cancellable' });
    }
    expect(
      decide(
        { kind: 'cancel', reason: 'x' },
        {
          status: 'cancelled',
          reason: 'y',
          isFree: false,
          settlesItself: false,
          isPaid: false,
          payment: null,
        },
      ),
    ).to.deep.equal({ kind: 'ignored', reason: 'already_cancelled' });
  });

  it('confirms a booking without a price by its pin alone, and never asks the provider', () => {
    const free = (status: BookingStatus) => ({
      status,
      reason: null,
      isFree: true,
      settlesItself: false,
      isPaid: false,
      payment: null,
    });
    expect(decide(pinned, free('authorized'))).to.deep.equal({
      kind: 'accepted',
      status: 'confirmed',
      reason: null,
      tickets: 'live',
      announces: true,
    });
    const ends = { ...failure, announces: true };
    expect(decide({ ...pinned, eventCancelled: true }, free('authorized'))).to.deep.equal({
      ...ends,
      reason: 'event_cancelled',
    });
    expect(
      decide({ kind: 'pin_refused', reason: 'hold_expired' }, free('authorized')),
    ).to.deep.equal({ ...ends, reason: 'hold_expired' });
    expect(decide({ kind: 'cancel', reason: 'x' }, free('confirmed'))).to.deep.equal({
      kind: 'accepted',
      status: 'cancelled',
      reason: 'x',
      tickets: 'void',
      freesQuota: true,
      announces: true,
    });
  });

  it('charges a method that settles by itself once its seats are pinned, never before', () => {
    const bank = (status: BookingStatus) => ({
      status,
      reason: null,
      isFree: false,
      settlesItself: true,
      isPaid: false,
      payment: null,
    });
    expect(decide(pinned, bank('authorized'))).to.deep.include({
      status: 'capturing',
      call: 'charge',
    });
    const ends = { ...failure, announces: true };
    expect(decide({ kind: 'declined', reason: 'no_funds' }, bank('capturing'))).to.deep.equal({
      ...ends,
      reason: 'no_funds',
      payment: 'declined',
      tickets: 'void',
    });
    for (const [command, reason] of [
      [{ kind: 'pin_refused', reason: 'hold_expired' }, 'hold_expired'],
      [{ ...pinned, eventCancelled: true }, 'event_cancelled'],
      [{ ...pinned, seatsReserved: false }, 'seat_conflict'],
    ] as const) {
      const plan = decide(command, bank('authorized'));
      expect(plan, reason).to.deep.equal({ ...ends, reason, payment: 'voided' });
    }
    expect(decide({ kind: 'declined', reason: 'x' }, bank('voiding')).kind).to.equal('ignored');
  });

  it('tries for the seats again with late money where it can; the pin sells, a refusal repays', () => {
    const now = (status: BookingStatus, isPaid: boolean) => ({
      status,
      reason: null,
      isFree: false,
      settlesItself: false,
      isPaid,
      payment: null,
    });
    const late = { ...captured, canRetake: true };
    expect(decide(late, now('failed', false))).to.deep.equal({
      kind: 'accepted',
      status: 'failed',
      reason: null,
      payment: 'captured',
      retakes: true,
      announces: false,
    });
    const cancelled = decide({ ...late, eventCancelled: true }, now('failed', false));
    expect(cancelled).to.include({ call: 'refund' }).and.not.to.have.property('retakes');
    expect(decide(pinned, now('authorized', true))).to.deep.equal({
      kind: 'accepted',
      status: 'confirmed',
      reason: null,
      tickets: 'live',
      announces: true,
    });
    for (const [command, reason] of [
      [{ kind: 'pin_refused', reason: 'hold_not_found' }, 'hold_not_found'],
      [{ ...pinned, seatsReserved: false }, 'seat_conflict'],
      [{ ...pinned, eventCancelled: true }, 'event_cancelled'],
    ] as const) {
      const plan = { ...failure, announces: true, reason, call: 'refund', journals: ['cancel'] };
      expect(decide(command, now('authorized', true)), reason).to.deep.equal(plan);
    }
  });

  it('voids what is authorized when its booking has failed, once; it stays failed', () => {
    const failed = (payment: PaymentStatus) => ({
      status: 'failed' as const,
      reason: 'x',
      isFree: false,
      settlesItself: false,
      isPaid: false,
      payment,
    });
    const stays = { kind: 'accepted', status: 'failed', reason: 'x', announces: false };
    expect(decide({ kind: 'authorized' }, failed('declined'))).to.deep.equal({
      ...stays,
      payment: 'authorized',
      call: 'void',
    });
    expect(decide({ kind: 'voided' }, failed('authorized'))).to.deep.equal({
      ...stays,
      payment: 'voided',
    });
    for (const payment of ['authorized', 'voided'] as const) {
      expect(decide({ kind: 'authorized' }, failed(payment)).kind, payment).to.equal('ignored');
    }
    expect(decide({ kind: 'voided' }, failed('voided')).kind).to.equal('ignored');
  });

  it('pays back what was captured before such a void', () => {
    const failed = {
      status: 'failed',
      reason: 'x',
      isFree: false,
      settlesItself: false,
      isPaid: false,
      payment: 'authorized',
    } as const;
    expect(decide(unasked, failed)).to.deep.equal({
      kind: 'accepted',
      status: 'failed',
      reason: 'x',
      payment: 'captured',
      journals: ['capture', 'cancel'],
      call: 'refund',
      announces: false,
    });
  });

  it('pays late money back once, however often it is told of', () => {
    const paid = {
      status: 'failed',
      reason: 'x',
      isFree: false,
      settlesItself: false,
      isPaid: true,
      payment: null,
    } as const;
    expect(decide(captured, paid)).to.deep.equal({
      kind: 'ignored',
      reason: 'captured_when_failed',
    });
  });

  it('never asks for a capture but from a pin, nor announces a middle state of its own', () => {
    for (const [, , command, plan] of ACCEPTED) {
      if (plan.kind !== 'accepted') continue;
      if (plan.call === 'capture') expect(command.kind).to.equal('pinned');
      if (['capturing', 'voiding'].includes(plan.status)) expect(plan.announces).to.equal(false);
    }
  });
});
