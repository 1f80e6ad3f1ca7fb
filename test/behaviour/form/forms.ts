/** The forms of the conversations beside this file, each as a behaviour that reports how its form has ended. */
import type { AnyStateMachine } from 'xstate';
import { behaviour, type FormInput, report } from '../../../machines/behaviour/define.ts';
import type { SlotTypes } from '../../../machines/behaviour/define-types.ts';

interface Form {
  readonly language: string;
  /** A phrase of the chart, beside the form. */
  readonly help: string;
  readonly slots: SlotTypes;
  readonly form: FormInput;
}

/** Of each field: the question, and the one that comes next. */
const COFFEE: Form = {
  language: 'en',
  help: 'what can you do',
  slots: {
    drink: ['latte', 'espresso', 'cappuccino', 'flat white'],
    size: ['small', 'medium', 'large'],
    milk: ['milk', 'oat', 'no milk'],
    cups: 'number 1..99',
  },
  form: {
    fields: [
      {
        name: 'drink',
        question: 'Which drink?',
        reprompts: ['Latte, espresso or cappuccino?'],
        confirmBelow: 0.5,
      },
      { name: 'size', question: 'Which size?', confirmBelow: 0.5 },
      {
        name: 'milk',
        question: 'Which milk?',
        check: { except: ['oat'], says: 'We have no {value} today.' },
      },
      {
        name: 'cups',
        label: 'cups',
        optional: true,
        check: { max: 6, says: 'At most six cups.' },
      },
    ],
    confirm: '{cups} {size} {drink}, {milk}?',
  },
};

const TRIP: Form = {
  language: 'en',
  help: 'what can you do',
  slots: { city: ['Paris', 'Rome', 'Berlin'], when: 'date', people: 'number 1..40', pin: 'digits 4' },
  form: {
    fields: [
      { name: 'from', slot: 'city', question: 'From where?', phrases: ['from {city}'] },
      { name: 'to', slot: 'city', question: 'Where to?', phrases: ['to {city}'] },
      { name: 'when', question: 'On which day?' },
      {
        name: 'people',
        question: 'How many people?',
        label: 'people',
        check: { max: 9, says: 'At most nine.' },
      },
      { name: 'pin', question: 'Your PIN?', label: 'PIN' },
    ],
  },
};

const zh: Form = {
  language: 'zh',
  help: '你会什么',
  slots: {
    drink: ['拿铁', '美式', '卡布奇诺'],
    size: ['小杯', '中杯', '大杯'],
    milk: ['牛奶', '燕麦奶', '豆奶'],
    room: 'number 1..99',
  },
  form: {
    fields: [
      { name: 'drink', question: '喝什么？', reprompts: ['拿铁还是美式？'], label: '饮料' },
      { name: 'size', question: '多大杯？', label: '大小' },
      {
        name: 'milk',
        question: '加什么奶？',
        label: '奶',
        check: { except: ['豆奶'], says: '今天没有{value}。' },
      },
      { name: 'room', question: '送到几号房？', label: '房间' },
    ],
    confirm: '{size}{drink}加{milk}，{room}号房，对吗？',
  },
};

const ja: Form = {
  language: 'ja',
  help: '何ができますか',
  slots: {
    drink: ['ラテ', 'エスプレッソ', 'カプチーノ'],
    size: ['小', '中', '大'],
    milk: ['牛乳', 'オーツ', '豆乳'],
    room: 'number 1..99',
  },
  form: {
    fields: [
      {
        name: 'drink',
        question: '何を飲みますか？',
        reprompts: ['ラテかエスプレッソですか？'],
        label: '飲み物',
      },
      { name: 'size', question: 'サイズは？', label: 'サイズ' },
      {
        name: 'milk',
        question: 'ミルクは？',
        label: 'ミルク',
        check: { except: ['豆乳'], says: '{value}はありません。' },
      },
      { name: 'room', question: '何号室ですか？', label: '部屋' },
    ],
    confirm: '{room}号室に{drink}の{size}、{milk}でよろしいですか？',
  },
};

const ko: Form = {
  language: 'ko',
  help: '뭘 할 수 있어요',
  slots: {
    drink: ['라떼', '에스프레소', '카푸치노'],
    size: ['작은 거', '중간 거', '큰 거'],
    milk: ['우유', '귀리', '두유'],
    room: 'number 1..99',
  },
  form: {
    fields: [
      { name: 'drink', question: '무엇을 드릴까요?', reprompts: ['라떼나 에스프레소요?'], label: '음료' },
      { name: 'size', question: '크기는요?', label: '크기' },
      {
        name: 'milk',
        question: '어떤 우유요?',
        label: '우유 종류',
        check: { except: ['두유'], says: '{value}는 없어요.' },
      },
      { name: 'room', question: '몇 호실이에요?', label: '방' },
    ],
    confirm: '{room}호실에 {drink} {size}, {milk} 맞나요?',
  },
};

export const FORMS: Readonly<Record<string, Form>> = { coffee: COFFEE, trip: TRIP, zh, ja, ko };

export function chartOf({ language, help, slots, form }: Form): AnyStateMachine {
  return behaviour({ id: 'form', language, phrases: { help: [help] }, slots }).createMachine({
    initial: 'asking',
    states: {
      asking: {
        invoke: {
          src: 'form',
          input: form,
          onDone: {
            target: 'over',
            actions: {
              type: 'report',
              params: ({ event }) => ({ name: 'done', data: JSON.parse(JSON.stringify(event.output.slots)) }),
            },
          },
          onError: {
            target: 'over',
            actions: { type: 'report', params: ({ event }) => ({ name: codeOf(event.error) }) },
          },
        },
        on: { 'heard.help': { actions: report('helps') } },
      },
      over: {},
    },
  });
}

function codeOf(error: unknown): string {
  return String(typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : error);
}
