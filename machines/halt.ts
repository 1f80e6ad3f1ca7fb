/** An action of this name is no action of the robot: it is the language engine's way to stop everything. */
export const HALT_ACTION = 'halt';
