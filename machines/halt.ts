/** Reserved action name: the language engine uses it for the voice stop. It is not a robot action. */
export const HALT_ACTION = 'halt';
