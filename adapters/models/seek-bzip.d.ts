declare module 'seek-bzip' {
  /** The bytes to decode, synchronously. */
  interface Input {
    /** The next byte, or -1 at the end. */
    readByte(): number;
    /** Fills part of `buffer`; returns the number of bytes, or -1 at the end. */
    read(buffer: Uint8Array, offset: number, length: number): number;
    eof(): boolean;
  }
  interface Output {
    writeByte(byte: number): void;
    write?(buffer: Uint8Array, offset: number, length: number): number;
  }
  const Bunzip: {
    /** Throws a TypeError on bytes that are not bzip2. */
    decode(input: Input, output: Output, multistream: boolean): void;
  };
  export default Bunzip;
}
