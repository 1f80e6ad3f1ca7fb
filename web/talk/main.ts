import {
  type Heard,
  type LinkChange,
  ParleyClient,
  type Played,
} from '../../clients/typescript/src/browser/mod.ts';
import { CLOSE_CODES } from '../../machines/wire.ts';
import { takeToken } from '../token.ts';
import { askAbout } from './about.ts';
import { type Conversation, EMPTY_CONVERSATION, said, typed } from './conversation.ts';
import { DebugLog } from './debug-log.ts';
import { earAfter, earWords, echoWords, levelWords, QUIET_EAR } from './ear.ts';
import { microphoneTrouble } from './microphone-trouble.ts';
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
let ear = QUIET_EAR;
let conversation: Conversation = EMPTY_CONVERSATION;
let capturedFrames = 0;
let firstFrameLogged = -1;
/** True while the trouble shown is about the connection, so that a new connection ends it. */
let linkTrouble = false;

const client = new ParleyClient({ url: new URL('.', document.baseURI), ear: 'reports' });
client.on('link', onLink);
client.on('message', onMessage);
client.on('played', onPlayed);
client.on('frame', ({ generation, seq }) => {
  if (generation === firstFrameLogged) return;
  firstFrameLogged = generation;
  log.add('received', { type: 'audio', generation, seq });
});
client.on('sent', (message) => {
  if (message.type === 'hello') showEar({ ...ear, echo: message.audio?.echo });
  log.add('sent', message.type === 'hello' && message.token ? { ...message, token: '(hidden)' } : message);
});
client.on('level', (level) => {
  capturedFrames++;
  view.microphone.showLevel(level);
});
client.on('trouble', ({ device, error }) => {
  if (device === 'microphone') {
    view.microphone.show('none');
    view.showTrouble('', 'The microphone went away. You can still type.');
  } else {
    const code = error instanceof Error ? error.name : '';
    view.showTrouble(code, 'Sound cannot be played. Replies are text only.');
  }
});

function onLink({ link, words, closeCode, error, retryInMs }: LinkChange): void {
  log.add('page', { type: `link.${link}` });
  const where = closeCode === CLOSE_CODES.unauthorised ? ' Enter it under Settings.' : '';
  const why = `${words}${where}${error ? ` ${sentence(error.message)} (${error.code})` : ''}`;
  view.showLink(link, why, retryInMs);
  phrasesView.enable(link === 'connected');
  // The client stops the session that comes next.
  if (link === 'waiting' && state === 'stopped') view.showStopOwed();
  if (link !== 'offline') return;
  if (why) {
    view.showTrouble('', why);
    linkTrouble = true;
  }
  setState('offline');
  showEar(QUIET_EAR);
  view.microphone.show('none');
}

/** Loads suggested phrases and the server's warnings. */
async function showAbout(): Promise<void> {
  const { phrases, notices } = await askAbout(view.tokenField.value.trim());
  phrasesView.show(phrases);
  view.showNotices(notices.map(({ message }) => sentence(message)));
}

function onMessage(message: Heard): void {
  if (message.type !== 'viseme' && message.type !== 'ear') log.add('received', message);
  showEar(earAfter(ear, message));
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
      setState(message.resumed && state !== 'offline' ? state : 'idle');
      break;
    case 'state':
      paused = paused && message.value === 'speaking';
      setState(message.value);
      break;
    case 'playback':
      paused = message.state === 'paused';
      setState(state);
      break;
    case 'error':
      view.showTrouble(message.code, message.message);
      linkTrouble = false;
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

function showEar(next: typeof ear): void {
  ear = next;
  view.microphone.showEar(levelWords(ear), earWords(ear), echoWords(ear));
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
}

function connect(): void {
  view.clearTrouble();
  client.token = view.tokenField.value.trim();
  client.echo = view.serverEchoBox.checked ? 'present' : 'cancelled';
  // `onLink` shows why it failed.
  client.connect().catch(() => {});
  void openMicrophone();
}

async function openMicrophone(): Promise<void> {
  try {
    await client.openMicrophone();
    view.microphone.show(client.microphone);
  } catch (error) {
    const { code, words } = microphoneTrouble(error);
    view.showTrouble(code, words);
  }
}

/** The page is silent at once; the server stops everything else. */
function voiceStop(): void {
  if (!client.halt()) view.showTrouble('', 'Not connected: there is nothing to stop.');
  else if (client.link === 'waiting') view.showStopOwed();
}

view.connectButton.addEventListener('click', () => {
  if (document.body.dataset.link === 'offline') connect();
  else client.close();
});
view.settingsForm.addEventListener('submit', (event) => {
  event.preventDefault();
  if (document.body.dataset.link === 'offline') connect();
});
view.stopButton.addEventListener('click', () => {
  if (view.offersRearm) client.rearm();
  else if (view.offersStop) voiceStop();
});
window.addEventListener(
  'keydown',
  (event) => {
    if (event.key === 'Escape' && !event.repeat && !event.isComposing) voiceStop();
  },
  { capture: true },
);
view.retryButton.addEventListener('click', () => client.retryNow());
view.interruptButton.addEventListener('click', () => client.interrupt());
view.muteButton.addEventListener('click', () => {
  client.mute(client.microphone === 'on');
  view.microphone.show(client.microphone);
});
view.sayForm.addEventListener('submit', (event) => {
  event.preventDefault();
  if (say(view.textField.value.trim())) view.textField.value = '';
});
phrasesView.onSay = say;

function say(text: string): boolean {
  if (!text || !client.text(text)) return false;
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
      return client.link;
    },
    get state() {
      return state;
    },
    get session() {
      return client.session;
    },
    get conversation() {
      return structuredClone(conversation);
    },
    get log() {
      return log.entries;
    },
    get microphone() {
      return {
        open: client.microphone !== 'none',
        muted: client.microphone === 'muted',
        capturedFrames,
        droppedFrames: client.droppedAudio,
      };
    },
    get playback() {
      return client.playback;
    },
  }),
});
