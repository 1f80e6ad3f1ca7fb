/**
 * Machines, broker load and bytes for many sessions, on paper: from measured costs, which lab/scale.md has with their
 * commands. `node dist/lab/bench/scale.js [--talking 0.25] [--sessions 10000,1000000]`
 */
import { parseArgs } from 'node:util';

/** Measured on cores of 2.5 GHz; % of a core a session. */
const OPEN_MICROPHONE = 0.31;
const TALKING = 1.3;
/** Memory of a session and of a process without sessions, MB. */
const SESSION_MB = 1.5;
const PROCESS_MB = 250;
/** Share of a core that a process may use and still be on time. */
const FULL = 0.5;
/** Of the machine that is reckoned with. */
const CORES = 16;
const MACHINE_MB = 64 * 1_024;
const MACHINE_BITS = 10e9;

/** One turn of a talking session in this time, s; writes of its record, and bytes of a record. */
const TURN_S = 7;
const WRITES_A_TURN = 6.3;
const RECORD_BYTES = 9_000;
/** Processor of the only broker for a turn with failover, for everything, µs. */
const BROKER_US_A_TURN = 2_700;
/** Events of the outbox a turn, acknowledged. */
const EVENTS_A_TURN = 2;
const EVENT_BYTES = 700;
/** Of the broker: µs of its processor for a message to one receiver; bytes of a subscription. */
const DELIVERY_US = 0.6;
const COPIES = 3;
const SUBSCRIPTION_BYTES = 1_250;
/** Of one broker. Streams are spread over brokers; a message to everybody is not. */
const BROKER_CORES = 8;
const BROKER_BYTES = 32e9;

/** Headers of WebSocket, TCP, IP and Ethernet of a message. */
const HEADER_BYTES = 8 + 32 + 20 + 14;
const UP_BYTES_S = 50 * (640 + HEADER_BYTES);
/** While the robot speaks, about half of a turn. */
const DOWN_BYTES_S = 50 * (960 + 12 + HEADER_BYTES);
const SPEAKING = 0.5;

const { values } = parseArgs({
  options: {
    talking: { type: 'string', default: '0.25' },
    sessions: { type: 'string', default: '10000,1000000' },
  },
});
const talking = Number(values.talking);
const columns = values.sessions.split(',').map((sessions) => reckon(Number(sessions)));

const names = columns[0]?.map(([name]) => name) ?? [];
console.log(`| ${100 * talking} % of the sessions talk |${columns.map(() => ' |').join('')}`);
console.log(`|---|${columns.map(() => '---|').join('')}`);
for (const [row, name] of names.entries())
  console.log(`| ${name} | ${columns.map((column) => column[row]?.[1]).join(' | ')} |`);

const replies = BROKER_CORES * 1e6;
const mostProcesses = Math.sqrt(replies / DELIVERY_US);
const sessionsAProcess = (100 * FULL) / cost();
console.log(`\nReached first, as sessions:
- a broker of ${BROKER_CORES} cores is full of presence, each process to each once a second: ${shown(mostProcesses * sessionsAProcess)} (${shown(mostProcesses)} processes)
- a broker of ${BROKER_CORES} cores is full of one copy of the records: ${shown((replies * TURN_S) / (talking * BROKER_US_A_TURN))}
- a broker with ${BROKER_BYTES / 1e9} GB is full of subscriptions: ${shown(BROKER_BYTES / SUBSCRIPTION_BYTES)}
- a machine of ${CORES} cores: ${shown(CORES * sessionsAProcess)} (processor), ${shown((MACHINE_MB - CORES * PROCESS_MB) / SESSION_MB)} (memory), ${shown(MACHINE_BITS / 8 / bytesASecond())} (network)`);

/** % of a core. */
function cost(): number {
  return talking * TALKING + (1 - talking) * OPEN_MICROPHONE;
}

function bytesASecond(): number {
  return UP_BYTES_S + talking * SPEAKING * DOWN_BYTES_S;
}

function reckon(sessions: number): [string, string][] {
  const processes = Math.ceil((sessions * cost()) / 100 / FULL);
  const machines = Math.ceil(processes / CORES);
  const turns = (sessions * talking) / TURN_S;
  const presence = processes * processes;
  const records = turns * WRITES_A_TURN * RECORD_BYTES * COPIES;
  const events = turns * EVENTS_A_TURN * EVENT_BYTES;
  return [
    ['sessions', shown(sessions)],
    ['processes, one a core', shown(processes)],
    [`machines of ${CORES} cores`, shown(machines)],
    [
      'memory of a machine, GB',
      shown((sessions * SESSION_MB) / machines / 1_024 + (CORES * PROCESS_MB) / 1_024),
    ],
    ['network of a machine, Mbit/s', shown((8 * sessions * bytesASecond()) / machines / 1e6)],
    ['bytes a session and second, client ↔ server', shown(bytesASecond())],
    ['turns a second', shown(turns)],
    ['broker: bytes a session and second, without failover', shown(events / sessions)],
    ['the same with records in three copies', shown((events + records) / sessions)],
    ['broker: events and records written a second', shown(turns * (WRITES_A_TURN + EVENTS_A_TURN))],
    ['· cores for that, of one copy', shown((turns * BROKER_US_A_TURN) / 1e6)],
    ['brokers: files of records in three copies, GB', shown((COPIES * sessions * RECORD_BYTES) / 1e9)],
    ['broker: presence delivered a second', shown(presence)],
    ['· cores for that', shown((presence * DELIVERY_US) / 1e6)],
    ['broker: memory of subscriptions, GB', shown((sessions * SUBSCRIPTION_BYTES) / 1e9)],
  ];
}

/** Two significant figures. */
function shown(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString('en');
}
