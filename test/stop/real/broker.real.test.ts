import { testWhileBrokerIs } from './broker.ts';

testWhileBrokerIs('gone');
