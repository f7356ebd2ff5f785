import { type Ignored, ignored, type Refusal, refused } from '@holdfast/shared/errors.ts';

/**
 * The checkout saga, pure: from the state of a booking and what happened to what changes.
 * DESIGN "Booking saga"; the table in the service's README is this function in words.
 */
export const BOOKING_STATUSES = [
  'pending',
  'authorized',
  'capturing',
  'voiding',
  'confirmed',
  'cancelled',
  'failed',
] as const;
export type BookingStatus = (typeof BOOKING_STATUSES)[number];

/** Statuses in which a checkout has come to its end for the buyer. */
export const OUTCOMES: readonly BookingStatus[] = ['confirmed', 'cancelled', 'failed'];

export type PaymentStatus =
  | 'requested'
  | 'authorized'
  | 'captured'
  | 'voided'
  | 'declined'
  | 'refunded';
export type CallKind = 'authorize' | 'capture' | 'void' | 'refund';
export type JournalKind = 'capture' | 'cancel' | 'refund';

export type CheckoutState = {
  readonly status: BookingStatus;
  /** Why the booking is being undone or was. */
  readonly reason: string | null;
  /** Nothing is to be paid: the provider is never asked, and the pin alone decides. */
  readonly isFree: boolean;
};

/** What happened, or what somebody wants. */
export type CheckoutCommand =
  | { readonly kind: 'authorized' }
  | { readonly kind: 'declined'; readonly reason: string }
  | { readonly kind: 'pinned'; readonly eventCancelled: boolean; readonly seatsReserved: boolean }
  | { readonly kind: 'pin_refused'; readonly reason: string }
  | { readonly kind: 'captured'; readonly eventCancelled: boolean }
  /** The provider will not capture; `authorizationLives` when the money is still reserved. */
  | {
      readonly kind: 'capture_refused';
      readonly reason: string;
      readonly authorizationLives: boolean;
    }
  | { readonly kind: 'voided' }
  /** The provider says that an authorization which was to be voided has been captured. */
  | { readonly kind: 'captured_unasked' }
  | { readonly kind: 'cancel'; readonly reason: string };

/** Everything that one transaction changes together. */
export type CheckoutPlan = {
  readonly kind: 'accepted';
  readonly status: BookingStatus;
  readonly reason: string | null;
  readonly payment?: PaymentStatus;
  readonly tickets?: 'live' | 'void';
  /** Whether the hold may be booked again. */
  readonly freesHold?: boolean;
  /** Whether the seats stop counting towards the account's limit. */
  readonly freesQuota?: boolean;
  readonly call?: CallKind;
  readonly journals?: readonly JournalKind[];
  /** Whether the message of the booking's new status is sent; middle states of our own send none. */
  readonly announces: boolean;
};

export type CheckoutDecision = CheckoutPlan | Ignored | Refusal;

/** Decides a command; a repeated or late one is ignored with its reason (invariants 6, 11, 13). */
export function decide(command: CheckoutCommand, state: CheckoutState): CheckoutDecision {
  switch (command.kind) {
    case 'authorized':
      if (state.status !== 'pending') return late(command, state);
      return accept('authorized', null, { payment: 'authorized', announces: true });
    case 'declined':
      if (state.status !== 'pending') return late(command, state);
      return fail(command.reason, { payment: 'declined' });
    case 'pinned':
      if (state.status !== 'authorized') return late(command, state);
      if (command.eventCancelled) return undo(state, 'event_cancelled');
      if (!command.seatsReserved) return undo(state, 'seat_conflict');
      return state.isFree
        ? accept('confirmed', null, { tickets: 'live', announces: true })
        : accept('capturing', null, { call: 'capture' });
    case 'pin_refused':
      return state.status === 'authorized' ? undo(state, command.reason) : late(command, state);
    case 'captured':
      if (state.status !== 'capturing') return late(command, state);
      if (!command.eventCancelled) {
        return accept('confirmed', null, {
          payment: 'captured',
          tickets: 'live',
          journals: ['capture'],
          announces: true,
        });
      }
      return giveBack('event_cancelled', { payment: 'captured', journals: ['capture', 'cancel'] });
    case 'capture_refused':
      if (state.status !== 'capturing') return late(command, state);
      if (command.authorizationLives) return undo(state, command.reason, { tickets: 'void' });
      return fail(command.reason, { payment: 'voided', tickets: 'void' });
    case 'voided':
      if (state.status !== 'voiding') return late(command, state);
      return fail(state.reason ?? 'voided', { payment: 'voided' });
    case 'captured_unasked':
      if (state.status !== 'voiding') return late(command, state);
      return fail(state.reason ?? 'voided', {
        payment: 'captured',
        journals: ['capture', 'cancel'],
        call: 'refund',
      });
    case 'cancel':
      return cancel(command.reason, state);
  }
}

function cancel(reason: string, state: CheckoutState): CheckoutDecision {
  if (state.status === 'cancelled') return ignored('already_cancelled');
  if (state.status === 'confirmed') {
    return state.isFree
      ? accept('cancelled', reason, { tickets: 'void', freesQuota: true, announces: true })
      : giveBack(reason, { journals: ['cancel'] });
  }
  return refused(
    'booking_not_cancellable',
    state.status === 'failed'
      ? 'The booking has failed; nothing was sold and no money was taken.'
      : `The booking is ${state.status}: wait for its outcome, then cancel it.`,
  );
}

type Effects = Partial<Omit<CheckoutPlan, 'kind' | 'status' | 'reason'>>;

function accept(status: BookingStatus, reason: string | null, effects: Effects): CheckoutPlan {
  return { kind: 'accepted', status, reason, announces: false, ...effects };
}

/** The end without a sale: the hold lives on for another card, and catalog undoes its pin. */
function fail(reason: string, effects: Effects): CheckoutPlan {
  const end = { freesHold: true, freesQuota: true, announces: true };
  return accept('failed', reason, { ...end, ...effects });
}

/** The way back before money moved: nothing is unpinned until the void is certain. */
function undo({ isFree }: CheckoutState, reason: string, effects: Effects = {}): CheckoutPlan {
  return isFree ? fail(reason, effects) : accept('voiding', reason, { call: 'void', ...effects });
}

/** The way back after money moved: tickets end, the seats return, the buyer is paid in full. */
function giveBack(reason: string, effects: Effects): CheckoutPlan {
  return accept('cancelled', reason, {
    tickets: 'void',
    freesQuota: true,
    call: 'refund',
    announces: true,
    ...effects,
  });
}

function late(command: CheckoutCommand, state: CheckoutState): Ignored {
  return ignored(`${command.kind}_when_${state.status}`);
}
