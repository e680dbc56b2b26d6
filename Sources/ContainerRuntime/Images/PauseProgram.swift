/// The process that holds a pod's namespaces, in two hundred bytes of machine code.
///
/// It is process 1 of a pod that shares its process namespace, so it takes in the children that others leave behind; and it ends when it is
/// told to. It blocks the three signals it cares about, which keeps the kernel from discarding them for a process 1 without handlers, and
/// then waits for them one by one:
///
///     set = {SIGINT, SIGTERM, SIGCHLD}
///     rt_sigprocmask(SIG_BLOCK, &set, NULL, 8)
///     wait: signal = rt_sigtimedwait(&set, NULL, NULL, 8)
///           if signal == SIGCHLD goto reap
///           if signal < 0 goto wait
///           exit(0)
///     reap: if wait4(-1, NULL, WNOHANG, NULL) > 0 goto reap
///           goto wait
///
/// It needs no library, no file and no heap: a pod costs two pages of memory and its kernel stack.
enum PauseProgram {
    static func bytes(for machine: ELFWriter.Machine) -> [UInt8] {
        switch machine {
        case .x86_64: ELFWriter.program(x86_64, for: machine)
        case .arm64: ELFWriter.program(arm64, for: machine)
        }
    }

    /// Bits SIGINT (2), SIGTERM (15) and SIGCHLD (17), each at its number less one.
    private static let signals: UInt32 = 1 << 1 | 1 << 14 | 1 << 16

    /// The number of the system call is in eax, its arguments in rdi, rsi, rdx and r10, its result in rax.
    private static var x86_64: [UInt8] {
        let s = LittleEndianBytes(signals).bytes
        return [
            0x68, s[0], s[1], s[2], s[3],  //  0        push signals           ; the set is at rsp
            0xb8, 14, 0, 0, 0,  //             5        mov eax, 14            ; rt_sigprocmask
            0x31, 0xff,  //                   10        xor edi, edi           ; SIG_BLOCK
            0x48, 0x89, 0xe6,  //             12        mov rsi, rsp
            0x31, 0xd2,  //                   15        xor edx, edx
            0x41, 0xba, 8, 0, 0, 0,  //       17        mov r10d, 8            ; bytes of a set
            0x0f, 0x05,  //                   23        syscall
            0xb8, 128, 0, 0, 0,  //           25  wait: mov eax, 128           ; rt_sigtimedwait
            0x48, 0x89, 0xe7,  //             30        mov rdi, rsp
            0x31, 0xf6,  //                   33        xor esi, esi
            0x31, 0xd2,  //                   35        xor edx, edx
            0x41, 0xba, 8, 0, 0, 0,  //       37        mov r10d, 8
            0x0f, 0x05,  //                   43        syscall
            0x83, 0xf8, 17,  //               45        cmp eax, 17            ; SIGCHLD
            0x74, 13,  //                     48        je reap                ; 50 + 13 = 63
            0x85, 0xc0,  //                   50        test eax, eax
            0x78, 0xe3,  //                   52        js wait                ; 54 - 29 = 25
            0xb8, 60, 0, 0, 0,  //            54        mov eax, 60            ; exit
            0x31, 0xff,  //                   59        xor edi, edi
            0x0f, 0x05,  //                   61        syscall
            0xb8, 61, 0, 0, 0,  //            63  reap: mov eax, 61            ; wait4
            0x83, 0xcf, 0xff,  //             68        or edi, -1             ; any child
            0x31, 0xf6,  //                   71        xor esi, esi
            0xba, 1, 0, 0, 0,  //             73        mov edx, 1             ; WNOHANG
            0x45, 0x31, 0xd2,  //             78        xor r10d, r10d
            0x0f, 0x05,  //                   81        syscall
            0x85, 0xc0,  //                   83        test eax, eax
            0x7f, 0xe8,  //                   85        jg reap                ; 87 - 24 = 63
            0xeb, 0xc0,  //                   87        jmp wait               ; 89 - 64 = 25
        ]
    }

    /// The number of the system call is in x8, its arguments in x0 to x3, its result in x0. Every instruction is four bytes.
    private static var arm64: [UInt8] {
        let (systemCall, exit, block): (UInt32, UInt32, UInt32) = (0xd400_0001, 93, 0)
        func move(_ register: UInt32, _ number: UInt32) -> UInt32 { 0xd280_0000 | number << 5 | register }  // movz x, #number
        func moveStackPointer(_ register: UInt32) -> UInt32 { 0x9100_03e0 | register }  // mov x, sp
        let code: [UInt32] = [
            move(9, signals & 0xffff),  //              0        movz x9, #low half
            0xf2a0_0000 | (signals >> 16) << 5 | 9,  // 1        movk x9, #high half, lsl 16
            0xf81f_0fe9,  //                            2        str x9, [sp, #-16]!    ; the set is at sp
            move(0, block),  //                         3        mov x0, SIG_BLOCK
            moveStackPointer(1),  //                    4        mov x1, sp
            move(2, 0),  //                             5        mov x2, 0
            move(3, 8),  //                             6        mov x3, 8              ; bytes of a set
            move(8, 135),  //                           7        mov x8, 135            ; rt_sigprocmask
            systemCall,  //                             8        svc 0
            moveStackPointer(0),  //                    9  wait: mov x0, sp
            move(1, 0),  //                            10        mov x1, 0
            move(2, 0),  //                            11        mov x2, 0
            move(3, 8),  //                            12        mov x3, 8
            move(8, 137),  //                          13        mov x8, 137            ; rt_sigtimedwait
            systemCall,  //                            14        svc 0
            0x7100_441f,  //                           15        cmp w0, 17             ; SIGCHLD
            0x5400_00a0,  //                           16        b.eq reap              ; 16 + 5 = 21
            0x37ff_ff00,  //                           17        tbnz w0, 31, wait      ; 17 - 8 = 9
            move(0, 0),  //                            18        mov x0, 0
            move(8, exit),  //                         19        mov x8, 93             ; exit
            systemCall,  //                            20        svc 0
            0x9280_0000,  //                           21  reap: mov x0, -1             ; any child
            move(1, 0),  //                            22        mov x1, 0
            move(2, 1),  //                            23        mov x2, WNOHANG
            move(3, 0),  //                            24        mov x3, 0
            move(8, 260),  //                          25        mov x8, 260            ; wait4
            systemCall,  //                            26        svc 0
            0x7100_001f,  //                           27        cmp w0, 0
            0x54ff_ff2c,  //                           28        b.gt reap              ; 28 - 7 = 21
            0x17ff_ffec,  //                           29        b wait                 ; 29 - 20 = 9
        ]
        var bytes = LittleEndianBytes()
        for instruction in code { bytes.append(instruction) }
        return bytes.bytes
    }
}

extension LittleEndianBytes {
    fileprivate init(_ number: UInt32) { append(number) }
}
