import type { MakeInvariant } from '../facts.ts';

/** 27: a reply is asked for and spoken in one language. */
export const languageInvariant: MakeInvariant = ({ broken }) => {
  let asked: { readonly generation: number; readonly language: string } | null = null;
  return {
    observe(entry) {
      if (entry.type !== 'command' || entry.command.type !== 'spawn') return;
      const { child, input } = entry.command;
      if (child !== 'llm' && child !== 'tts') return;
      const { generation, language } = input;
      if (asked?.generation === generation && asked.language !== language)
        broken(27, `the ${child} of generation ${generation} is asked in ${language}`, entry);
      asked = { generation, language };
    },
  };
};
