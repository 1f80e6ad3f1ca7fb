import { OUTPUT_RATES } from '../../machines/audio.ts';
import { takeToken } from '../token.ts';
import { askAbout } from './about.ts';
import type { Played } from './audio/playout.ts';
import { Connection, type Link } from './connection.ts';
import { type Conversation, EMPTY_CONVERSATION, said, typed } from './conversation.ts';
import { DebugLog } from './debug-log.ts';
import type { Heard } from './messages.ts';
import { Microphone, microphoneTrouble } from './microphone.ts';
import { Playback } from './playback.ts';
import { sentence } from './sentence.ts';
import { type ShownState, View } from './view.ts';
import { ChartView } from './view-chart.ts';
import { ConversationView } from './view-conversation.ts';
import { PhrasesView } from './view-phrases.ts';
import { TimingsView } from './view-timings.ts';

const view = new View();
const conversationView = new ConversationView();
const chartView = new ChartView();
const phrasesView = new PhrasesView();
const timingsView = new TimingsView();
const log = new DebugLog(() => performance.now());

let state: ShownState = 'offline';
let paused = false;
let conversation: Conversation = EMPTY_CONVERSATION;
let playback: Playback | undefined;
let microphone: Microphone | undefined;
let muted = false;
let capturedFrames = 0;
let firstFrameLogged = -1;
/** The error with which the server announced that it will close. */
let fatal: { code: string; message: string } | undefined;
/** True while the trouble shown is about the connection, so that a new connection ends it. */
let linkTrouble = false;
/** Incremented with every press of the connect button, so that slow devices of an earlier press are released. */
let visit = 0;

const url = new URL('v1/session', document.baseURI);
url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
url.search = '';
url.hash = '';
const connection = new Connection(url.href, {
  onLink,
  onMessage,
  onAudio(header, message) {
    if (header.generation !== firstFrameLogged) {
      firstFrameLogged = header.generation;
      log.add('received', { type: 'audio', generation: header.generation, seq: header.seq });
    }
    playback?.frame(header, message);
  },
  onSent: (message) =>
    log.add('sent', message.type === 'hello' && message.token ? { ...message, token: '(hidden)' } : message),
});

function onLink(link: Link, words: string, retryInMs?: number): void {
  log.add('page', { type: `link.${link}` });
  const why = fatal ? `${words} ${sentence(fatal.message)} (${fatal.code})` : words;
  view.showLink(link, why, retryInMs);
  phrasesView.enable(link === 'connected');
  if (words && link === 'offline') {
    view.showTrouble('', why);
    linkTrouble = true;
  }
  fatal = undefined;
  if (link === 'offline') {
    setState('offline');
    playback?.order({ type: 'silence' });
    void releaseDevices();
  }
}

/** Loads suggested phrases and the server's warnings. */
async function showAbout(): Promise<void> {
  const { phrases, notices } = await askAbout(view.tokenField.value.trim());
  phrasesView.show(phrases);
  view.showNotices(notices.map(({ message }) => sentence(message)));
}

function onMessage(message: Heard): void {
  if (message.type !== 'viseme') log.add('received', message);
  switch (message.type) {
    case 'ready':
      if (linkTrouble) view.clearTrouble();
      linkTrouble = false;
      if (!message.resumed) {
        firstFrameLogged = -1;
        chartView.clear();
      }
      view.showInspector(inspectorAddress(message.session));
      void showAbout();
      void matchPlayback(message.audio.outputRate, message.resumed);
      setState(message.resumed && state !== 'offline' ? state : 'idle');
      break;
    case 'state':
      paused = paused && message.value === 'speaking';
      setState(message.value);
      break;
    case 'playback':
      paused = message.state === 'paused';
      playback?.order({ type: 'pause', generation: message.generation, paused });
      setState(state);
      break;
    case 'flush':
      playback?.order({ type: 'flush', generation: message.generation });
      break;
    case 'error':
      view.showTrouble(message.code, message.message);
      linkTrouble = false;
      if (message.fatal) fatal = message;
      return;
    default:
  }
  setConversation(said(conversation, message));
}

/** The token stays in the fragment, which browsers do not send to a server. */
function inspectorAddress(session: string): string {
  const token = view.tokenField.value.trim();
  const address = new URL('inspect/', document.baseURI);
  address.search = '';
  address.hash = new URLSearchParams({ session, ...(token === '' ? {} : { token }) }).toString();
  return address.href;
}

function setState(next: ShownState): void {
  state = next;
  if (state === 'offline') paused = false;
  else chartView.show(state);
  view.showState(state, paused);
}

function setConversation(next: Conversation): void {
  if (next === conversation) return;
  conversation = next;
  conversationView.draw(conversation);
  timingsView.show(conversation.timings);
}

function onPlayed({ generation, samples, cause }: Played): void {
  log.add('page', { type: `playout.${cause}`, generation, samples });
  connection.send({ type: 'played', generation, samples });
}

/** The speaker first, so that it hears the first frame; the microphone when the user has allowed it. */
async function connect(): Promise<void> {
  const mine = ++visit;
  view.clearTrouble();
  view.showLink('connecting');
  void openMicrophone(mine);
  await openPlayback(OUTPUT_RATES[1], mine);
  if (mine === visit) connection.connect(view.tokenField.value.trim());
}

function disconnect(): void {
  visit++;
  connection.disconnect();
}

async function openPlayback(rate: number, mine: number): Promise<void> {
  try {
    const opened = await Playback.open(rate, onPlayed);
    if (mine !== visit) return await opened.close();
    playback = opened;
    // May stay pending for as long as the browser holds sound back; nothing waits for it.
    playback.wake().catch(() => {});
  } catch (error) {
    view.showTrouble(
      error instanceof Error ? error.name : '',
      'Sound cannot be played. Replies are text only.',
    );
  }
}

async function matchPlayback(rate: number, resumed: boolean): Promise<void> {
  if (playback?.rate === rate) {
    playback.order({ type: resumed ? 'resume' : 'reset' });
    return;
  }
  await playback?.close();
  playback = undefined;
  await openPlayback(rate, visit);
}

async function openMicrophone(mine: number): Promise<void> {
  try {
    const opened = await Microphone.open({
      onFrame(pcm, level) {
        capturedFrames++;
        view.microphone.showLevel(level);
        connection.sendAudio(pcm);
      },
      onLost() {
        view.showTrouble('', 'The microphone went away. You can still type.');
        void closeMicrophone();
      },
    });
    if (mine !== visit) return await opened.close();
    microphone = opened;
    muted = false;
    view.microphone.show('on');
  } catch (error) {
    const { code, words } = microphoneTrouble(error);
    view.showTrouble(code, words);
  }
}

async function closeMicrophone(): Promise<void> {
  const closing = microphone;
  microphone = undefined;
  view.microphone.show('none');
  await closing?.close();
}

async function releaseDevices(): Promise<void> {
  const closing = playback;
  playback = undefined;
  await Promise.all([closing?.close(), closeMicrophone()]);
}

/** The page is silent at once; the server stops everything else. */
function voiceStop(): void {
  playback?.order({ type: 'silence' });
  if (!connection.stop()) view.showTrouble('', 'Not connected: there is nothing to stop.');
  else if (connection.link === 'waiting') view.showStopOwed();
}

view.connectButton.addEventListener('click', () => {
  if (document.body.dataset.link === 'offline') void connect();
  else disconnect();
});
view.settingsForm.addEventListener('submit', (event) => {
  event.preventDefault();
  if (document.body.dataset.link === 'offline') void connect();
});
view.stopButton.addEventListener('click', () => {
  if (view.offersRearm) connection.send({ type: 'rearm' });
  else if (view.offersStop) voiceStop();
});
window.addEventListener(
  'keydown',
  (event) => {
    if (event.key === 'Escape' && !event.repeat && !event.isComposing) voiceStop();
  },
  { capture: true },
);
view.retryButton.addEventListener('click', () => connection.retryNow());
view.interruptButton.addEventListener('click', () => connection.send({ type: 'interrupt' }));
view.muteButton.addEventListener('click', () => {
  if (!microphone) return;
  muted = !muted;
  microphone.muted = muted;
  view.microphone.show(muted ? 'muted' : 'on');
});
view.sayForm.addEventListener('submit', (event) => {
  event.preventDefault();
  if (say(view.textField.value.trim())) view.textField.value = '';
});
phrasesView.onSay = say;

function say(text: string): boolean {
  if (!text || !connection.send({ type: 'text', text })) return false;
  setConversation(typed(conversation, text));
  return true;
}

view.tokenField.value = takeToken();
view.showLink('offline');
view.showState('offline', false);
view.microphone.show('none');
timingsView.show(undefined);
phrasesView.show([]);
void showAbout();

/** A debugging aid, read only: `parley.log` is what was sent and received, in order, with times. */
Object.defineProperty(window, 'parley', {
  value: Object.freeze({
    get link() {
      return connection.link;
    },
    get state() {
      return state;
    },
    get session() {
      return connection.session;
    },
    get conversation() {
      return structuredClone(conversation);
    },
    get log() {
      return log.entries;
    },
    get microphone() {
      return {
        open: microphone !== undefined,
        muted,
        capturedFrames,
        droppedFrames: connection.droppedInput,
      };
    },
    get playback() {
      return playback && { rate: playback.rate, ...playback.stats };
    },
  }),
});
