# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is checked of each model: a name and the switches for spin."""

small = '-DCAPACITY=1 -DITEMS=2'

stream = {
    'holds': {
        'a room for one item': '-DCAPACITY=1 -DITEMS=4',
        'a room for two': '-DCAPACITY=2 -DITEMS=5',
        'a room for three': '-DCAPACITY=3 -DITEMS=5',
        'stopped by a thread and a handler': f'{small} -DSTOPS=1 -DHANDLER_STOPS=1',
        'a stop ends all': f'{small} -DSTOPS=1 -DLIVENESS',
        'closed by a thread': f'{small} -DCLOSES=1',
        'abandoned': f'{small} -DABANDONS=1',
        'paused and resumed': f'{small} -DPAUSES=1',
        'asynchronous calls': '-DCAPACITY=1 -DITEMS=3 -DREQUESTS=2',
        'asynchronous calls, stopped': '-DCAPACITY=1 -DITEMS=1 -DREQUESTS=1 -DSTOPS=1',
        'a blocked call': f'{small} -DNEXTS=1',
        'a blocked call and an asynchronous one': '-DCAPACITY=1 -DITEMS=1 -DNEXTS=1 -DREQUESTS=1',
    },
    'thorough': {
        'a room for four': '-DCAPACITY=4 -DITEMS=7',
        'stopped by two threads': f'{small} -DSTOPS=2',
        'stopped by two threads, a room for two': '-DCAPACITY=2 -DITEMS=3 -DSTOPS=2',
        'stopped, a room for three': '-DCAPACITY=3 -DITEMS=4 -DSTOPS=1',
        'stopped while paused': f'{small} -DSTOPS=1 -DPAUSES=1',
        'closed and abandoned': f'{small} -DCLOSES=1 -DABANDONS=1',
        'paused, a room for two': '-DCAPACITY=2 -DITEMS=4 -DPAUSES=1',
        'asynchronous calls, stopped, more items': '-DCAPACITY=2 -DITEMS=3 -DREQUESTS=2 -DSTOPS=1',
        'a blocked call and an asynchronous one, more items': f'{small} -DNEXTS=1 -DREQUESTS=1',
        'two blocked calls': f'{small} -DNEXTS=2',
        'a blocked call, stopped': f'{small} -DNEXTS=1 -DSTOPS=1',
        'a blocked call, paused': f'{small} -DNEXTS=1 -DPAUSES=1',
    },
    'unreached': {},
    'needless': {
        'no fence after the ready time is set': '-DCAPACITY=1 -DITEMS=1 -DSTOPS=1 -DNO_FENCE_SLEEP',
        'no look at the end before sleeping': '-DCAPACITY=1 -DITEMS=1 -DSTOPS=1 -DNO_LOOK_AT_ENDED',
    },
    'mistakes': {
        'no fence between parked and the second look': f'{small} -DNO_FENCE_PARK',
        'no fence between the head and parked': f'{small} -DNO_FENCE_POP',
        'no fence between the tail and armed': f'{small} -DNO_FENCE_NOTIFY_DATA',
        'no fence between armed and the last look': f'{small} -DNO_FENCE_ARM',
        'no fence between armed and the last look of a blocked call': f'{small} -DNEXTS=1 -DNO_FENCE_ARM',
        'the tail stored before the item': f'{small} -DRELAXED_TAIL_STORE',
        'the item loaded before the tail': f'{small} -DRELAXED_TAIL_LOAD',
        'the item loaded after the head was stored': f'{small} -DRELAXED_HEAD_STORE',
        'no second look before waiting for room': f'{small} -DNO_SECOND_LOOK_PARK',
        'the second look before parked': f'{small} -DLOOK_BEFORE_PARKED',
        'waking only with more than half free': '-DCAPACITY=1 -DITEMS=3 -DHALF_FREE_IS_MORE_THAN_HALF',
        'no waking with the last item': '-DCAPACITY=1 -DITEMS=3 -DWAKE_ON_HALF_ONLY_BEFORE_LAST',
        'waking without the lock': f'{small} -DWAKE_WITHOUT_LOCK',
        'waking that leaves parked set': f'{small} -DWAKE_LEAVES_PARKED',
        'closing that does not wake': f'{small} -DSTOPS=1 -DCLOSE_DOES_NOT_WAKE',
        'closed stored after waking': f'{small} -DSTOPS=1 -DCLOSED_AFTER_WAKE',
        'stopping that does not close the ring': f'{small} -DSTOPS=1 -DSTOP_DOES_NOT_CLOSE',
        'stopping that does not say so': f'{small} -DSTOPS=1 -DSTOP_FORGETS_FLAG -DLIVENESS',
        'no look at the data before sleeping': f'{small} -DNO_LOOK_AT_DATA',
        'no look at pending before sleeping': f'{small} -DSTOPS=1 -DNO_LOOK_AT_PENDING',
        'the last look before the ready time': f'{small} -DLOOK_BEFORE_SLEEP',
        'the last look before arming': f'{small} -DLOOK_BEFORE_ARM',
        'sleeping without arming': f'{small} -DNO_ARM',
        'the last look of a blocked call before arming': f'{small} -DNEXTS=1 -DWAIT_LOOKS_BEFORE_ARM',
        'pending cleared after looking at the state': f'{small} -DSTOPS=1 -DBEGIN_AFTER_LOOK',
        'pending set after the ready time': f'{small} -DSTOPS=1 -DPENDING_AFTER_READY',
        'news of data without the lock': f'{small} -DNEXTS=1 -DNOTIFY_DATA_WITHOUT_LOCK',
        'news of data not for the main context': f'{small} -DNOTIFY_DATA_FORGETS_CONTEXT',
        'news of data not for a blocked call': f'{small} -DNEXTS=1 -DNOTIFY_DATA_FORGETS_WAITING',
        'other news not for a blocked call': f'{small} -DNEXTS=1 -DNOTIFY_FORGETS_WAITING',
        'only one blocked call woken': '-DCAPACITY=1 -DITEMS=1 -DNEXTS=2 -DSIGNAL_ONE_WAITING',
        'the end stored after the news of it': f'{small} -DENDED_AFTER_NOTIFY',
        'an end without news': f'{small} -DEND_DOES_NOT_NOTIFY',
        'the ring found empty before the end is seen': f'{small} -DEMPTY_BEFORE_ENDED',
        'the end before the last answer': f'{small} -DREQUESTS=1 -DSTOPS=1 -DEND_BEFORE_ANSWERS',
        'a request that is not given back': f'{small} -DREQUESTS=1 -DREQUEST_IS_NOT_GIVEN_BACK',
        'an asynchronous call without news': f'{small} -DREQUESTS=1 -DREQUEST_DOES_NOT_NOTIFY',
        'resuming without news': f'{small} -DPAUSES=1 -DRESUME_DOES_NOT_NOTIFY',
        'a blocked call that does not see pauses end': f'{small} -DNEXTS=1 -DPAUSES=1 -DWAIT_IGNORES_GENERATION',
    },
}

worker = {
    'holds': {
        'stopped': '-DSTOPS=1',
        'stopped twice': '-DSTOPS=2',
        'closed': '-DCLOSES=1',
        'stopped and closed': '-DSTOPS=1 -DCLOSES=1',
    },
    'thorough': {
        'stopped and closed twice': '-DSTOPS=2 -DCLOSES=2',
    },
    'needless': {},
    # What the worker is at is not in the mailbox.
    'unreached': {
        'closer': ['withdrawn[which] = 1', 'n_ends[which] = (n_ends[which]+1)'],
    },
    'mistakes': {
        'a run ended again': '-DSTOPS=1 -DEND_AGAIN',
        'a run sent to a closed mailbox': '-DCLOSES=1 -DSEND_IGNORES_CLOSED',
        'a worker given up for another run': '-DSTOPS=1 -DCLOSES=1 -DGIVE_UP_ANY',
        'the current run forgotten by whoever gives up': '-DSTOPS=1 -DLEAVE_FORGETS_CURRENT',
        'the current run told of too late': '-DSTOPS=1 -DCURRENT_AFTER_UNLOCK',
        'a reaper that goes without saying so at once': '-DSTOPS=1 -DREAPER_ENDS_LATER',
        'a reaper that forgets what was added meanwhile': '-DSTOPS=1 -DREAPER_FORGETS_NEW',
        'a withdrawn run left in the mailbox': '-DSTOPS=1 -DWITHDRAW_LEAVES_IT',
        'a stop that is not seen to': '-DSTOPS=1 -DSTOP_WITHOUT_DESCENT',
        'a close that is not seen to': '-DCLOSES=1 -DCLOSE_WITHOUT_DESCENT',
    },
}

interrupt = {
    'holds': {
        'one thread that interrupts': '-DINTERRUPTERS=1',
        'two threads that interrupt': '-DINTERRUPTERS=2',
    },
    'thorough': {
        'three threads that interrupt': '-DINTERRUPTERS=3',
    },
    'unreached': {},
    'needless': {},
    'mistakes': {
        'nothing that was aimed taken back': '-DNO_DROP',
        'a shield that does not wait': '-DSHIELD_DOES_NOT_WAIT',
        'a shield that keeps the GIL': '-DSHIELD_KEEPS_GIL',
        'a shield that looks before it is up': '-DSHIELD_LOOKS_FIRST',
        'any run interrupted': '-DINTERRUPT_ANY_RUN',
        'two at a time': '-DINTERRUPTERS=2 -DINTERRUPT_TOGETHER',
    },
}

models = {'stream': stream, 'worker': worker, 'interrupt': interrupt}
